"""`seacan cp` beside `docker cp`: the same files, errors and exit codes."""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine, Result
from tests.terminal import Terminal

pytestmark = [pytest.mark.root, pytest.mark.conformance]

# Each is run in a place of its own, {c} the container with a tree in /w/N, {l} one with it here.
CASES = """
{c}:/w/{n}/f {l}/d
{c}:/w/{n}/f {l}/f
{c}:/w/{n}/f {l}/new
{c}:/w/{n}/f {l}/new/
{c}:/w/{n}/f {l}/link
{c}:/w/{n}/f {l}/none/x
{c}:/w/{n}/d {l}/d
{c}:/w/{n}/d {l}/f
{c}:/w/{n}/d {l}/new
{c}:/w/{n}/d {l}/new/
{c}:/w/{n}/d/. {l}/d
{c}:/w/{n}/d/. {l}/new
{c}:/w/{n}/d/ {l}/new
{c}:/w/{n}/link {l}/new
{c}:/w/{n}/link/ {l}/new
{c}:/w/{n}/link/. {l}/new
-L {c}:/w/{n}/link {l}/new
-L {c}:/w/{n}/link {l}/d
-L {c}:/w/{n}/flink {l}/d
{c}:/w/{n}/flink {l}/d
{c}:/w/{n}/broken {l}/new
{c}:/w/{n}/none {l}/new
{c}:w/{n}/f {l}/new
{c}:/w/{n}/f/ {l}/new
none:/w/{n}/f {l}/new
-a {c}:/w/{n}/f {l}/new
{l}/f {c}:/w/{n}/d
{l}/f {c}:/w/{n}/f
{l}/f {c}:/w/{n}/new
{l}/f {c}:/w/{n}/new/
{l}/f {c}:/w/{n}/link
{l}/f {c}:/w/{n}/flink
{l}/f {c}:/w/{n}/broken
{l}/f {c}:/w/{n}/none/x
{l}/d {c}:/w/{n}/d
{l}/d {c}:/w/{n}/f
{l}/d {c}:/w/{n}/new
{l}/d {c}:/w/{n}/new/
{l}/d/. {c}:/w/{n}/d
{l}/d/. {c}:/w/{n}/new
{l}/d/ {c}:/w/{n}/new
{l}/link {c}:/w/{n}/new
{l}/link/ {c}:/w/{n}/new
{l}/link/. {c}:/w/{n}/new
-L {l}/link {c}:/w/{n}/new
-L {l}/link {c}:/w/{n}/d
-L {l}/flink {c}:/w/{n}/d
{l}/flink {c}:/w/{n}/d
{l}/broken {c}:/w/{n}/new
{l}/none {c}:/w/{n}/new
{l}/f/ {c}:/w/{n}/new
-a {l}/f {c}:/w/{n}/new
{l}/f none:/w/{n}/new
{l}/f {c}:w/{n}/new
{c}:/w/{n}/f {c}:/w/{n}/g
{l}/f {l}/g
- {c}:/w/{n}/f
- {c}:/w/{n}/none
""".strip().split("\n")

TREE = """
mkdir -p $1/d/inner $1/d/empty; echo f > $1/f; echo a > $1/d/a; echo b > $1/d/inner/b
ln $1/d/a $1/d/hard; ln -s d $1/link; ln -s f $1/flink; ln -s gone $1/broken; ln -s inner/b $1/d/l
chmod 640 $1/f; chmod 750 $1/d/inner; chown 7:8 $1/d/a; mkfifo $1/d/p
"""
LIST = "find . | sort | xargs stat -c '%n %F %a %u:%g %N'; find . -type f | sort | xargs cat"


class Side:
    """One command line, with a container and a directory here that it works on."""

    def __init__(self, program: list[str], docker: Docker, name: str, place: Path) -> None:
        self._program = program
        self.docker = docker
        self.container = f"{docker.name}-{name}"
        self.place = place
        trees = f"tree() {{ {'; '.join(TREE.strip().splitlines())}; }}; "
        trees += f"for n in $(seq 0 {len(CASES) - 1}); do tree $0/$n; done"
        subprocess.run(["sh", "-c", trees, str(place)], check=True)
        script = f"{trees}; touch /ready; sleep 1000"
        options = ("-d", "--name", self.container, "--network", "none", "busybox")
        docker.ok("run", *options, "sh", "-c", script, "/w")
        docker.ok("exec", self.container, "sh", "-c", "until [ -e /ready ]; do sleep 0.1; done")

    def run(self, *words: str) -> Result:
        done = subprocess.run(
            [*self._program, "cp", *words],
            env=self.docker.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        out, err = (
            text.decode()
            .replace(str(self.place), "HERE")
            .replace(self.container, "CONTAINER")
            for text in (done.stdout, done.stderr)
        )  # fmt: skip
        # Docker's client logs that it does not send to the end what it began to pack.
        err = "".join(line for line in err.splitlines(True) if not line.startswith("time="))
        return Result(done.returncode, out, err)

    def there(self) -> list[str]:
        """Return what is in each /w/N of the container."""
        script = f"for n in $(seq 0 {len(CASES) - 1}); do cd /w/$n; {LIST}; echo =; done"
        return self.docker.ok("exec", self.container, "sh", "-c", script).split("\n=")

    def here(self, n: int) -> str:
        done = subprocess.run(
            ["busybox", "sh", "-c", LIST], cwd=self.place / str(n), capture_output=True, check=True
        )
        return done.stdout.decode()


@pytest.fixture(scope="module")
def sides(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """Docker's and ours."""
    place = tmp_path_factory.mktemp("cp")
    docker = Docker(engine.host, place)
    ours = [sys.executable, "-m", "seacan.cli.main"]
    yield (
        Side(["docker"], docker, "theirs", place / "theirs"),
        Side(ours, docker, "ours", place / "ours"),
    )
    docker.remove_containers()


def test_same_as_docker(sides: tuple[Side, Side]) -> None:
    found: list[list[tuple[Result, str]]] = []
    for side in sides:
        found.append([])
        for n, case in enumerate(CASES):
            place = side.place / str(n)
            words = case.format(c=side.container, l=place, n=n).split()
            found[-1].append((side.run(*words), side.here(n)))
    different = [
        f"{case}\n  docker {theirs}\n  seacan {ours}"
        for case, *both in zip(CASES, *found, strict=True)
        for theirs, ours in [both]
        if theirs != ours
    ]
    assert not different, "\n".join(different)
    for case, theirs, ours in zip(CASES, sides[0].there(), sides[1].there(), strict=False):
        assert ours == theirs, case


def test_streams(sides: tuple[Side, Side]) -> None:
    container, docker = sides[1].container, sides[1].docker
    command = [sys.executable, "-m", "seacan.cli.main", "cp"]
    packed = subprocess.run(
        [*command, f"{container}:/w/0/d", "-"], env=docker.env, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert {"d/a", "d/inner/b"} <= set(archive.getnames())
    docker.ok("exec", container, "mkdir", "/there")
    subprocess.run([*command, "-", f"{container}:/there"], input=packed, env=docker.env, check=True)
    assert docker.ok("exec", container, "cat", "/there/d/inner/b") == "b"


def test_patterns(sides: tuple[Side, Side]) -> None:
    side = sides[1]
    target = side.place / "matches"
    target.mkdir()
    assert side.run(f"{side.container}:/w/0/d/[ai]*", str(target)).status == 0
    assert sorted(os.listdir(target)) == ["a", "inner"]
    assert (target / "inner" / "b").read_text() == "b\n"
    assert side.run(f"{side.container}:/read?", str(target)).status == 0
    assert (target / "ready").exists()
    nothing = side.run(f"{side.container}:/w/0/*.none", str(target))
    assert nothing == Result(1, "", "nothing in CONTAINER matches /w/0/*.none\n")
    no_directory = side.run(f"{side.container}:/w/0/*", str(side.place / "0" / "f"))
    assert "must be a directory for what matches" in no_directory.err


def test_what_is_shown_on_a_terminal(sides: tuple[Side, Side]) -> None:
    side = sides[1]
    words = ["cp", f"{side.container}:/w/0/f", str(side.place / "shown")]
    with Terminal([sys.executable, "-m", "seacan.cli.main", *words], side.docker.env) as terminal:
        terminal.expect("Successfully copied 2.05kB to ")
