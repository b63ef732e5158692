"""`docker build` with the classic builder: images, what is printed, and what is refused.

What an image comes to is compared with tests/golden/built, which a dockerd has made of the same
contexts: SEACAN_TEST_PEER=unix:///… SEACAN_GOLDEN=1 writes that anew; with the first alone, both
engines build and are compared.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.built import BASE, OPTIONS, come_to, context, differences
from tests.conformance.docker_cli import Docker, Engine
from tests.images import busybox

pytestmark = [pytest.mark.root, pytest.mark.conformance]

GOLDEN = Path(__file__).parents[1] / "golden" / "built"


class Builder:
    """`docker build` of one engine, with the base image; what it makes is removed at the end."""

    def __init__(self, docker: Docker) -> None:
        docker.env["DOCKER_BUILDKIT"] = "0"
        self.docker = docker
        self._tags: list[str] = []

    def import_base(self) -> None:
        self.docker.ok(
            "import", "-c", "ENV PATH=/bin:/usr/bin", "-c", 'CMD ["sh"]', "-", BASE,
            stdin=busybox.rootfs(),
        )  # fmt: skip
        self._tags.append(BASE)

    def build(self, name: str) -> dict[str, Any]:
        tag = f"{self.docker.name}-{len(self._tags)}"
        self._tags.append(tag)
        words = ("build", "-q", "--network", "none", "-t", tag, *OPTIONS.get(name, ()), "-")
        self.docker.ok(*words, stdin=context((GOLDEN / f"{name}.Dockerfile").read_text()))
        save = self.docker.command("save", tag)
        done = subprocess.run(
            save, env=self.docker.env, check=True, capture_output=True, timeout=60
        )
        return come_to(done.stdout)

    def clean(self) -> None:
        self.docker("rmi", "-f", *self._tags)


@pytest.fixture(scope="module")
def ours(engine: Engine) -> Iterator[Builder]:
    yield from builder(engine.host)


@pytest.fixture(scope="module")
def theirs() -> Iterator[Builder | None]:
    host = os.environ.get("SEACAN_TEST_PEER")
    if host is None:
        yield None
    else:
        yield from builder(host)


def builder(host: str) -> Iterator[Builder]:
    with tempfile.TemporaryDirectory(prefix="sc-cli-") as configuration:
        made = Builder(Docker(host, Path(configuration)))
        made.import_base()
        yield made
        made.clean()


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.Dockerfile")))
def test_images_are_what_dockerd_makes(ours: Builder, theirs: Builder | None, name: str) -> None:
    path = GOLDEN / f"{name}.json"
    if theirs is not None:
        expected = theirs.build(name)
        if os.environ.get("SEACAN_GOLDEN"):
            path.write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
    else:
        expected = json.loads(path.read_text())
    found = differences(ours.build(name), expected)
    assert not found, "\n".join(found)


def test_what_is_printed(ours: Builder) -> None:
    text = f'FROM {BASE}\nENV A=b\nRUN echo hi\nCMD ["sh"]\n'
    words = ("build", "-t", f"{ours.docker.name}-printed", "--build-arg", "Z=1", "-")
    first = ours.docker.ok(*words, stdin=text).splitlines()
    again = ours.docker.ok(*words, stdin=text).splitlines()
    printed = [line for line in first if not line.startswith(" --->")]
    assert printed[-8:] == [
        f"Step 1/4 : FROM {BASE}",
        "Step 2/4 : ENV A=b",
        "Step 3/4 : RUN echo hi",
        "hi",
        'Step 4/4 : CMD ["sh"]',
        "[Warning] One or more build-args [Z] were not consumed",
        first[-2],
        f"Successfully tagged {ours.docker.name}-printed:latest",
    ]
    assert again.count(" ---> Using cache") == 3
    assert again[-2] == first[-2]  # the same image
    assert first[-2].startswith("Successfully built ")
    ours.docker.ok("rmi", f"{ours.docker.name}-printed")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RUN exit 3", "The command '/bin/sh -c exit 3' returned a non-zero code: 3"),
        ("RUN nope", "The command '/bin/sh -c nope' returned a non-zero code: 127"),
        (
            "COPY nope /x",
            "COPY failed: file not found in build context or excluded by .dockerignore: "
            "stat nope: file does not exist",
        ),
        ("COPY no* /x", "COPY failed: no source files were specified"),
        (
            "ADD http://127.0.0.1:1/x /",
            'ADD failed: Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection '
            "refused",
        ),
        (
            "HEALTHCHECK --interval=1x CMD a",
            'dockerfile parse error on line 2: time: unknown unit "x" in duration "1x"',
        ),
        ("COPY ../x /x", "COPY failed: forbidden path outside the build context: ../x ()"),
        (
            "COPY out /x",
            "COPY failed: file not found in build context or excluded by .dockerignore: "
            "stat out: file does not exist",
        ),
        (
            "COPY a.txt b.txt /x",
            "When using COPY with more than one source file, "
            "the destination must be a directory and end with a /",
        ),
        (
            "COPY --chown=nobdy a.txt /x",
            "unable to convert uid/gid chown string to host mapping: "
            "can't find uid for user nobdy: no such user: nobdy",
        ),
        (
            "FROMM x",
            "dockerfile parse error on line 2: unknown instruction: FROMM (did you mean FROM?)",
        ),
    ],
)  # fmt: skip
def test_what_fails(ours: Builder, text: str, said: str) -> None:
    result = ours.docker("build", "-q", "-", stdin=context(f"FROM {BASE}\n{text}\n"))
    assert result.status != 0
    told = result.err.strip().splitlines()[-1].removeprefix("Error response from daemon: ")
    assert told.removeprefix("\x1b[0m") == said  # what ends the command's own words


def test_limits_hosts_and_network_reach_the_command(ours: Builder) -> None:
    text = (
        f"FROM {BASE}\nRUN grep 10.1.2.3 /etc/hosts && ulimit -n && df -k /dev/shm | tail -1 "
        "&& ls /sys/class/net\n"
    )
    out = ours.docker.ok(
        "build", "--no-cache", "--add-host", "seen:10.1.2.3", "--ulimit", "nofile=77:77",
        "--shm-size", "3m", "--memory", "64m", "--network", "none", "-", stdin=text,
    )  # fmt: skip
    assert "10.1.2.3\tseen" in out
    assert "\n77\n" in out
    assert " 3072 " in out
    assert "\nlo\n" in out
    assert "eth0" not in out


def test_nothing_of_a_command_is_public(ours: Builder) -> None:
    events = ours.docker.popen("events", "--since", "0s")
    ours.docker.ok("build", "--no-cache", "-q", "-", stdin=f"FROM {BASE}\nRUN true\n")
    assert ours.docker.ok("ps", "-aq") == ""
    events.terminate()
    printed, _ = events.communicate(timeout=60)
    assert "container" not in printed


def test_the_cache_survives_and_is_pruned(engine: Engine, ours: Builder) -> None:
    assert engine.daemon is not None
    build = ("build", "-")
    text = f"FROM {BASE}\nRUN echo once > /once\n"
    ours.docker.ok(*build, stdin=text)
    engine.daemon.kill()
    engine.daemon.start()
    assert " ---> Using cache" in ours.docker.ok(*build, stdin=text)
    usage = json.loads(ours.docker.ok("system", "df", "-v", "--format", "{{json .BuildCache}}"))
    assert any("echo once" in str(entry) for entry in usage)
    assert "Total reclaimed space" in ours.docker.ok("builder", "prune", "-af")
    assert " ---> Using cache" not in ours.docker.ok(*build, stdin=text)
    ours.docker.ok("image", "prune", "-f")
