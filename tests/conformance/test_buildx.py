"""BuildKit's protocol: docker buildx as it is, and a client of our own that plays its part.

The plugin is looked for where distributions put it, and where SEACAN_TEST_BUILDX says.
"""

import asyncio
import io
import json
import os
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon, wait_until
from tests.fakes.buildkit_client import Served, build, directory, file

from seacan.api.buildkit.messages import Typed
from seacan.grpc.status import CallFailed

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture
def tag(docker: Docker) -> Iterator[str]:
    yield docker.name
    docker("rmi", "-f", docker.name)
    docker("image", "prune", "-f")


BUILD = ("build", "--network=none", "--progress=plain")


def image(tag: str) -> tuple[Typed, ...]:
    return (Typed("moby", {"name": tag}),)


def context(path: Path, dockerfile: str, **files: str) -> str:
    (path / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        place = path / name.replace("__", "/")
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    return str(path)


STAGES = """FROM busybox AS base
ARG WHO=world
RUN echo hello $WHO > /hello && echo printed
COPY d /d
FROM base
LABEL a=b
RUN cat /hello /d/f
"""


def test_a_build(buildx: Docker, tag: str, tmp_path: Path) -> None:
    where = context(tmp_path, STAGES, d__f="of the context\n", left="out\n")
    words = (*BUILD, "-t", tag, "--build-arg", "WHO=me", "--label", "c=d", where)
    first = buildx(*words)
    assert first.status == 0, first.err
    for said in (
        "[internal] load build definition from Dockerfile",
        "[internal] load build context",
        "[base 1/3] FROM docker.io/library/busybox:latest",
        "[base 2/3] RUN echo hello $WHO > /hello && echo printed",
        "[stage-1 1/1] RUN cat /hello /d/f",
        "printed",
        "of the context",
        f"naming to docker.io/library/{tag}:latest",
    ):
        assert said in first.err
    labels = json.loads(buildx.inspect(tag, "{{json .Config.Labels}}"))
    assert labels == {"a": "b", "c": "d"}
    assert buildx.ok("run", "--rm", "--network=none", tag, "cat", "/hello") == "hello me"
    again = buildx(*words)
    assert again.err.count("CACHED") == 3


def test_an_error_shows_its_line(buildx: Docker, tmp_path: Path) -> None:
    where = context(tmp_path, "FROM busybox\nRUN echo so far && exit 3\n")
    result = buildx(*BUILD, where)
    assert result.status == 1
    assert "   2 | >>> RUN echo so far && exit 3" in result.err
    sentence = 'failed to solve: process "/bin/sh -c echo so far && exit 3" did not complete'
    assert f"{sentence} successfully: exit code: 3" in result.err
    where = context(tmp_path, "FROM busybox\nFOO\n")
    result = buildx(*BUILD, where)
    assert "   2 | >>> FOO" in result.err
    assert "failed to solve: dockerfile parse error on line 2: unknown instruction" in result.err


OWNERS = """FROM busybox
RUN echo 'app:x:1234:4321::/home/app:/bin/sh' >> /etc/passwd && echo 'grp:x:99:' >> /etc/group
COPY --chown=:grp f /f
COPY --chown=1:2 f /new/dir/
COPY --chown=1:2 --chmod=700 d /newd/dir
COPY none* f? /none/
COPY ../f ../../d/f /above/
USER app
WORKDIR /w/deep
USER 5
WORKDIR /w/own
USER root
RUN test ! -e /none && cd / && stat -c '/%n %u %g %a' f above/f new new/dir newd newd/dir w w/*
ENV A=env
ARG A=arg
RUN echo "A is $A"
"""


def test_what_buildkit_does_otherwise(buildx: Docker, tmp_path: Path) -> None:
    """Than the classic builder: owners of new directories, arguments, wildcards without match."""
    where = context(tmp_path, OWNERS, f="", d__f="")
    result = buildx(*BUILD, "--no-cache", where)
    assert result.status == 0, result.err
    for said in (
        "/f 0 99 644", "/above/f 0 0 644", "/new 1 2 755", "/new/dir 1 2 755",
        "/newd 1 2 700", "/newd/dir 1 2 700",
        "/w 1234 4321 755", "/w/deep 1234 4321 755", "/w/own 5 5 755", "A is arg",
    ):  # fmt: skip
        assert f" {said}\n" in result.err


def test_the_name_of_the_host(buildx: Docker, tmp_path: Path) -> None:
    where = context(tmp_path, "FROM busybox\nRUN echo name is $(hostname)\n")
    assert "name is buildkitsandbox\n" in buildx(*BUILD, "--no-cache", where).err
    argument = ("--build-arg", "BUILDKIT_SANDBOX_HOSTNAME=other")
    assert "name is other\n" in buildx(*BUILD, "--no-cache", *argument, where).err


def test_a_script_is_told_of_by_its_first_line(buildx: Docker, tmp_path: Path) -> None:
    where = context(
        tmp_path, "FROM busybox\nRUN <<EOF\nset -e\necho done\nEOF\nRUN cat <<E\nx\nE\n"
    )
    result = buildx(*BUILD, where)
    assert "[2/3] RUN <<EOF (set -e...)\n" in result.err
    assert "[3/3] RUN cat <<E\n" in result.err


def test_checks_that_are_errors(buildx: Docker, tmp_path: Path) -> None:
    violation = "failed to solve: lint violation found for rules: JSONArgsRecommended"
    result = buildx(*BUILD, context(tmp_path, "# check=error=true\nFROM busybox\nCMD x\n"))
    assert result.status == 1
    assert violation in result.err
    argument = ("--build-arg", "BUILDKIT_DOCKERFILE_CHECK=error=true")
    result = buildx(*BUILD, *argument, context(tmp_path, "FROM busybox\nCMD x\n"))
    assert result.status == 1
    assert violation in result.err


def test_an_image_that_cannot_be_had(buildx: Docker, tmp_path: Path) -> None:
    nowhere = "127.0.0.1:1/bild"
    where = context(tmp_path, f"FROM busybox AS build\nFROM busybox\nCOPY --from={nowhere} / /\n")
    assert f"   3 | >>> COPY --from={nowhere} / /" in buildx(*BUILD, where).err
    where = context(tmp_path, f"FROM {nowhere} AS build\n")
    assert f"   1 | >>> FROM {nowhere} AS build" in buildx(*BUILD, where).err


def test_what_the_client_has(buildx: Docker, tag: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "o").write_text("named\n")
    (tmp_path / "secret").write_text("hush\n")
    (tmp_path / "main").mkdir()
    dockerfile = """FROM busybox
RUN --mount=type=secret,id=s wc -c /run/secrets/s
RUN --mount=type=secret,id=v,env=V echo "V is $V"
COPY --from=other o /o
COPY --from=image /bin/busybox /b
"""
    where = context(tmp_path / "main", dockerfile)
    buildx.env["V"] = "of the environment"
    result = buildx(
        *BUILD, "-t", tag, "--secret", f"id=s,src={tmp_path}/secret", "--secret", "id=v,env=V",
        "--build-context", f"other={tmp_path}/other",
        "--build-context", "image=docker-image://busybox",
        "--iidfile", f"{tmp_path}/id", "--metadata-file", f"{tmp_path}/metadata", where,
    )  # fmt: skip
    assert result.status == 0, result.err
    assert "5 /run/secrets/s" in result.err
    assert "V is of the environment" in result.err
    image_id = buildx.inspect(tag, "{{.Id}}")
    assert (tmp_path / "id").read_text() == image_id
    metadata = json.loads((tmp_path / "metadata").read_text())
    assert metadata["containerimage.digest"] == image_id
    assert buildx.ok("run", "--rm", "--network=none", tag, "cat", "/o") == "named"


def test_files_for_the_client(buildx: Docker, tmp_path: Path) -> None:
    dockerfile = "FROM busybox AS make\nRUN mkdir /o && echo made > /o/f && ln -s f /o/l\n"
    where = context(tmp_path, f"{dockerfile}FROM scratch\nCOPY --from=make /o /\n")
    before = buildx.ok("images", "-aq")
    buildx.ok(*BUILD, "-o", f"{tmp_path}/out", where)
    assert (tmp_path / "out" / "f").read_text() == "made\n"
    assert os.readlink(tmp_path / "out" / "l") == "f"
    buildx.ok(*BUILD, "-o", f"type=tar,dest={tmp_path}/out.tar", where)
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert archive.getnames() == ["f", "l"]
    assert buildx.ok("images", "-aq") == before


def test_a_bake(buildx: Docker, tag: str, tmp_path: Path) -> None:
    file = {
        "group": {"default": {"targets": ["app", "base"]}},
        "target": {
            "base": {"dockerfile-inline": "FROM busybox\nRUN echo based > /b\n"},
            "app": {
                "dockerfile-inline": "FROM basis\nCOPY --from=basis /b /c\nRUN cat /c\n",
                "contexts": {"basis": "target:base"},
                "tags": [tag],
            },
        },
    }
    (tmp_path / "docker-bake.json").write_text(json.dumps(file))
    words = ("--set", "*.network=none", "--progress=plain", "-f", f"{tmp_path}/docker-bake.json")
    result = buildx("buildx", "bake", *words, timeout_s=60)
    assert result.status == 0, result.err
    assert buildx.ok("run", "--rm", "--network=none", tag, "cat", "/c") == "based"


def test_only_what_has_changed_is_sent(buildx: Docker, tmp_path: Path) -> None:
    where = context(tmp_path, "FROM scratch\nCOPY . /\n", large="x" * 300_000, small="1")
    for name in ("large", "small", "Dockerfile"):
        os.utime(tmp_path / name, (10**9, 10**9))
    assert "transferring context: 300" in buildx(*BUILD, where).err
    (tmp_path / "small").write_text("22")
    assert "transferring context: 2B" in buildx(*BUILD, where).err


def test_an_archive_and_a_dockerfile_from_standard_input(buildx: Docker, tmp_path: Path) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as opened:
        info = tarfile.TarInfo("Dockerfile")
        data = b"FROM busybox\nRUN echo of the archive\n"
        info.size = len(data)
        opened.addfile(info, io.BytesIO(data))
    assert "of the archive" in buildx(*BUILD, "-", stdin=archive.getvalue()).err
    where = context(tmp_path, "", f="of the context\n")
    dockerfile = "FROM busybox\nCOPY f /\nRUN cat /f\n"
    assert "of the context" in buildx(*BUILD, "-f-", where, stdin=dockerfile).err


def test_checks(buildx: Docker, tmp_path: Path) -> None:
    where = context(tmp_path, "FROM busybox\nMAINTAINER x\n")
    result = buildx("build", "--check", where)
    assert result.status == 1
    assert "WARNING: MaintainerDeprecated" in result.out
    assert "   2 | >>> MAINTAINER x" in result.out


def test_what_a_build_can_be_given(buildx: Docker, tmp_path: Path) -> None:
    dockerfile = "FROM busybox AS one\nARG A=b\nRUN --mount=type=secret,id=s,required=true true\n"
    where = context(tmp_path, dockerfile)
    said = buildx.ok("build", "--call=outline", where)
    assert said == (
        "TARGET: one\n\nBUILD ARG   VALUE   DESCRIPTION\nA           b       \n\n"
        "SECRET   REQUIRED\ns        true"
    )
    told = json.loads(buildx.ok("build", "--call=outline,format=json", where))
    assert [each["name"] for each in told["args"]] == ["A"]
    assert "outline" in buildx.ok("build", "--call=subrequests.describe", where)


def test_the_builder(buildx: Docker, tag: str, tmp_path: Path) -> None:
    assert "default" in buildx.ok("buildx", "ls")
    assert "running" in buildx.ok("buildx", "inspect", "default")
    where = context(tmp_path, f"FROM busybox\nRUN echo {tag} > /f\n")
    buildx.ok("build", "--network=none", "-q", where)
    assert f"echo {tag}" in buildx.ok("buildx", "du", "--verbose")
    buildx.ok("buildx", "prune", "-af", "--max-used-space=1TB", "--min-free-space=1")
    for filters in (("type=source.local", "private=true"), ("type!=regular",), ("inuse=true",)):
        words = [word for each in filters for word in ("--filter", each)]
        assert f"echo {tag}" not in buildx.ok("buildx", "du", "--verbose", *words)
        buildx.ok("buildx", "prune", "-af", *words)
    assert f"echo {tag}" in buildx.ok("buildx", "du", "--verbose")
    buildx.ok("builder", "prune", "-af")
    assert f"echo {tag}" not in buildx.ok("buildx", "du", "--verbose")


def test_a_client_that_goes_away(buildx: Docker, own_daemon: Daemon, tmp_path: Path) -> None:
    where = context(tmp_path, "FROM busybox\nRUN echo it runs && sleep 600\n")
    process = buildx.popen(*BUILD, where)
    assert process.stdout is not None
    with process:
        while "it runs" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode
    wait_until(lambda: not own_daemon.leftovers(), "the command to be ended")


# -- without the plugin ---------------------------------------------------------------------------


def test_our_own_client(engine: Engine, docker: Docker, tag: str) -> None:
    socket_path = engine.host.removeprefix("unix://")
    dockerfile = b"FROM busybox\nCOPY d /d\nRUN --mount=type=secret,id=s cat /d/f /run/secrets/s\n"
    files = [file("Dockerfile", dockerfile), directory("d"), file("d/f", b"x" * 5000)]
    has = Served({"dockerfile": files[:1], "context": files}, secrets={"s": b"hush"})
    attributes = {"force-network-mode": "none"}
    outcome = asyncio.run(build(socket_path, has, attributes, exporters=image(tag), ref=f"{tag}-1"))
    assert outcome.exporter["containerimage.digest"] == docker.inspect(tag, "{{.Id}}")
    printed = b"".join(log.data for said in outcome.told for log in said.logs)
    assert printed.endswith(b"x" * 100 + b"hush")
    again = asyncio.run(build(socket_path, has, attributes, exporters=image(tag), ref=f"{tag}-2"))
    cached = {v.name for said in again.told for v in said.vertexes if v.is_cached}
    assert {name.partition("]")[0] for name in cached} == {"[2/3", "[3/3"}


def test_an_error_of_our_own_client(engine: Engine, docker: Docker) -> None:
    has = Served({"dockerfile": [file("Dockerfile", b"FROM busybox\nRUN exit 4\n")]})
    with pytest.raises(CallFailed, match="did not complete successfully: exit code: 4") as info:
        asyncio.run(
            build(
                engine.host.removeprefix("unix://"),
                has,
                {"force-network-mode": "none"},
                ref=docker.name,
            )
        )
    assert b'"line": 2' in info.value.status.details[0].value
