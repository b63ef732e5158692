"""The same calls to Debian's runc and to `seacan-runtime`: the same fields, the same statuses."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.root.runtime.boxes import DEADLINE_S, Box, wait_until

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(shutil.which("runc") is None, reason="needs Debian's package runc"),
]

Result = subprocess.CompletedProcess[str]
Call = Callable[..., Result]
PROGRAMS: Final = {"runc": ["runc"], "seacan": [sys.executable, "-m", "seacan.runtime"]}


class Pair:
    """One bundle under both, each with its own states and its own container."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def call(self, program: str, *args: str) -> Result:
        words = [arg.replace("ID", f"{self.box.id}-{program}") for arg in args]
        root = str(self.box.path / f"states-{program}")
        with (self.box.path / "out").open("w+") as out, (self.box.path / "err").open("w+") as err:
            # Files, since what is detached would hold the other end of a pipe.
            done = subprocess.run(
                [*PROGRAMS[program], "--root", root, *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                check=False,
                timeout=DEADLINE_S,
                cwd=self.box.path,
            )
            out.seek(0)
            err.seek(0)
            return Result(done.args, done.returncode, out.read(), err.read())

    def both(self, *args: str) -> tuple[Result, Result]:
        return self.call("runc", *args), self.call("seacan", *args)

    def start(self, *args: str) -> None:
        self.box.config["annotations"] = {"some": "thing"}
        for program in PROGRAMS:
            self.box.linux["cgroupsPath"] = f"/{self.box.id}-{program}"
            self.box.write(*args)
            done = self.call(program, "run", "-d", "ID")
            assert done.returncode == 0, done.stderr

    def status(self, program: str) -> str:
        status: str = json.loads(self.call(program, "state", "ID").stdout)["status"]
        return status


@pytest.fixture
def pair(box: Box) -> Iterator[Pair]:
    pair = Pair(box)
    yield pair
    for program in PROGRAMS:
        pair.call(program, "delete", "--force", "ID")
    assert list(Path("/sys/fs/cgroup").glob(f"*/{box.id}*")) == []


def documents(results: tuple[Result, Result]) -> list[Any]:
    return [json.loads(done.stdout) for done in results]


def shape(value: Any) -> Any:
    """Return the names and kinds in a document: what a client's decoder sees of it."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_state_list_ps(pair: Pair) -> None:
    pair.start("sleep", "60")
    theirs, ours = documents(pair.both("state", "ID"))
    assert shape(ours) == shape(theirs)
    assert {**ours, **dict.fromkeys(("id", "pid", "created", "ociVersion"))} == {
        **theirs,
        **dict.fromkeys(("id", "pid", "created", "ociVersion")),
    }
    theirs, ours = documents(pair.both("list", "--format", "json"))
    assert shape(ours) == shape(theirs)
    assert ours[0]["owner"] == theirs[0]["owner"] == "root"
    listed, own = pair.both("list")
    assert own.stdout.split("\n")[0].split() == listed.stdout.split("\n")[0].split()
    theirs, ours = documents(pair.both("ps", "--format=json", "ID"))
    assert shape(ours) == shape(theirs)
    listed, own = pair.both("ps", "ID")
    assert own.stdout.split("\n")[0] == listed.stdout.split("\n")[0]


def test_events(pair: Pair) -> None:
    pair.box.linux["resources"] = {"pids": {"limit": 20}, "memory": {"limit": 64 << 20}}
    pair.start("sh", "-c", "head -c 1000000 /bin/busybox > /dev/null; sleep 60")
    theirs, ours = documents(pair.both("events", "--stats", "ID"))
    # Whether anything was read from a disk, or found in the page cache, is chance.
    for document in (theirs, ours):
        document["data"]["blkio"] = {}
        document["data"]["memory"].pop("cache", None)
        document["data"]["memory"].pop("psi", None)
        document["data"]["cpu"].pop("psi", None)
    assert shape(ours) == shape(theirs)
    assert ours["data"]["cpuset"] == theirs["data"]["cpuset"]
    assert ours["data"]["pids"] == theirs["data"]["pids"]
    assert ours["data"]["memory"]["usage"]["limit"] == 64 << 20


def test_spec(pair: Pair) -> None:
    for program in PROGRAMS:
        directory = pair.box.path / program
        directory.mkdir()
        for flags in ([], ["--rootless"]):
            assert pair.call(program, "spec", *flags, "--bundle", program).returncode == 0
            assert pair.call(program, "spec", "-b", program).returncode == 1
            (directory / "config.json").rename(directory / f"{len(flags)}.json")
    for name in ("0.json", "1.json"):
        theirs, ours = (
            json.loads((pair.box.path / program / name).read_text()) for program in PROGRAMS
        )
        # Three of runc 1.1's capabilities were inheritable and ambient (CVE-2022-24769).
        for kind in ("inheritable", "ambient"):
            theirs["process"]["capabilities"].pop(kind, None)
        assert _names(ours) == _names(theirs)


def _names(config: dict[str, Any]) -> Any:
    return (
        sorted(config),
        sorted(config["process"]),
        sorted(config["process"]["capabilities"]),
        [entry["destination"] for entry in config["mounts"]],
        sorted(config["linux"]),
        sorted({entry["type"] for entry in config["linux"]["namespaces"]} - {"cgroup"}),
    )


@pytest.mark.parametrize("writer", PROGRAMS)
@pytest.mark.parametrize("runner", PROGRAMS)
def test_each_runs_the_spec_of_the_other(pair: Pair, writer: str, runner: str) -> None:
    assert pair.call(writer, "spec").returncode == 0
    path = pair.box.path / "config.json"
    config = json.loads(path.read_text())
    config["process"] |= {"terminal": False, "args": ["echo", "hello"]}
    config["process"]["env"] = ["PATH=/bin"]
    config["linux"]["cgroupsPath"] = f"/{pair.box.id}-{runner}"
    path.write_text(json.dumps(config))
    done = pair.call(runner, "run", "ID")
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr


# What is asked of a container that runs, is paused, or has stopped; % is no such container.
CALLS: Final = (
    ("state", "%"),
    ("start", "ID"),
    ("pause", "ID"),
    ("resume", "ID"),
    ("kill", "%", "KILL"),
    ("kill", "ID", "FUN"),
    ("kill", "ID", "0"),
    ("exec", "ID", "true"),
    ("exec", "ID", "absent"),
    ("exec", "ID", "sh", "-c", "exit 7"),
    ("exec", "ID", "sh", "-c", "kill -9 $$"),
    ("exec", "%", "true"),
    ("exec", "ID"),
    ("exec", "--nothing", "ID", "true"),
    ("ps", "ID"),
    ("ps", "--format", "xml", "ID"),
    ("list", "--format", "xml"),
    ("events", "--stats", "ID"),
    ("events", "--interval", "0s", "ID"),
    ("update", "--memory", "abc", "ID"),
    ("update", "--memory", "64m", "ID"),
    ("delete", "%"),
    ("delete", "--force", "%"),
    ("run", "--bundle", "/absent", "other"),
    ("create", "--console-socket", "/absent", "other"),
    ("--log-format", "xml", "list"),
    ("fly",),
    ("state",),
    ("state", "a", "b"),
    ("--version",),
    ("features",),
)


def test_exit_statuses(pair: Pair) -> None:
    pair.start("sleep", "1000")
    for calls in (CALLS, [("pause", "ID")], CALLS, [("resume", "ID")]):
        for words in calls:
            arguments = [word.replace("%", "absent") for word in words]
            theirs, ours = pair.both(*arguments)
            assert ours.returncode == theirs.returncode, (words, theirs.stderr, ours.stderr)
        assert pair.status("seacan") == pair.status("runc")
    assert {done.returncode for done in pair.both("kill", "ID", "KILL")} == {0}
    for program in PROGRAMS:
        wait_until(lambda program=program: pair.status(program) == "stopped")  # type: ignore[misc]
    for words in CALLS:
        theirs, ours = pair.both(*(word.replace("%", "absent") for word in words))
        assert ours.returncode == theirs.returncode, (words, theirs.stderr, ours.stderr)
    assert {done.returncode for done in pair.both("delete", "ID")} == {0}
