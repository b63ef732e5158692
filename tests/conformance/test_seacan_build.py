"""`seacan build` with a daemon of its own, beside the docker CLI's classic build."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.conformance import skopeo
from tests.conformance.docker_cli import Result
from tests.daemon import Daemon, running_daemon
from tests.images import archives
from tests.images.docker_registry import docker_registry

from seacan.images import platforms

pytestmark = [pytest.mark.root, pytest.mark.conformance]

DOCKERFILE = """\
FROM busybox AS tools
RUN echo tool > /tool
FROM busybox
ARG WHO=nobody
WORKDIR /app
COPY . .
COPY --from=tools /tool /
RUN echo "made for $WHO" && ls > /list
CMD ["cat", "/list"]
"""


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    root.mkdir()
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / ".dockerignore").write_text("*.md\n!keep.md\nsub/*/x\n.docker*\n")
    for name in ("a.md", "keep.md", "sub/one/x", "sub/one/y"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def run(command: Sequence[str], stdin: bytes = b"", **environment: str) -> Result:
    done = subprocess.run(
        command,
        input=stdin,
        check=False,
        capture_output=True,
        timeout=120,
        env={**os.environ, **environment},
    )
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())


def seacan(daemon: Daemon, *words: str, stdin: bytes = b"", **environment: str) -> Result:
    command = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host]
    return run([*command, *words], stdin, **environment)


def built(daemon: Daemon, *words: str, stdin: bytes = b"", **environment: str) -> str:
    done = seacan(daemon, "build", "-q", "--network", "none", *words, stdin=stdin, **environment)
    assert done.status == 0, done.err
    return done.out.strip()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--build-arg", "WHO=me", "--label", "a=b", "--target", "tools"),
        ("-f", "{outside}"),
        ("--build-arg", "WHO", "--no-cache"),
    ],
)
def test_images_are_those_of_the_docker_cli(
    daemon: Daemon, context: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    (tmp_path / "Elsewhere").write_text(DOCKERFILE.replace("/list", "/elsewhere"))
    words = tuple(word.format(outside=tmp_path / "Elsewhere") for word in words)
    ours = built(daemon, *words, str(context), WHO="somebody")
    # What is in the cache by now makes the same image, if all that was sent is the same.
    cached = [word for word in words if word != "--no-cache"]
    docker = ["docker", "-H", daemon.host, "build", "-q", "--network", "none", *cached]
    theirs = run([*docker, str(context)], DOCKER_BUILDKIT="0", WHO="somebody")
    assert (theirs.status, theirs.out.strip()) == (0, ours), theirs.err


def test_only_what_changed_is_sent_again(daemon: Daemon, context: Path, tmp_path: Path) -> None:
    """One of many files changes, with another build between whose context is the same."""
    for number in range(200):
        (context / f"f{number}").write_text(f"content {number}\n")
    cache = str(tmp_path / "cache")
    first = built(daemon, str(context), XDG_CACHE_HOME=cache)
    (contents,) = _kept(daemon, context)
    before = contents.stat().st_size
    (context / "f7").write_text("changed")
    second = built(daemon, str(context), XDG_CACHE_HOME=cache)
    assert contents.stat().st_size == before + len("changed")
    assert second != first
    # Who has another memory sends all, and gets the same image; so does who has a stale one.
    assert built(daemon, str(context), XDG_CACHE_HOME=str(tmp_path / "none")) == second
    assert seacan(daemon, "builder", "prune", "-a", "-f").status == 0
    assert _kept(daemon, context) == []
    rebuilt = built(daemon, "--iidfile", str(tmp_path / "iid"), str(context), XDG_CACHE_HOME=cache)
    assert rebuilt == (tmp_path / "iid").read_text()
    assert len(_kept(daemon, context)) == 1


def test_files_are_shared_with_the_layer_before(
    daemon: Daemon, context: Path, tmp_path: Path
) -> None:
    """Of two builds whose contexts differ in one file, the other files are there once."""
    (context / "Dockerfile").write_text("FROM busybox\nCOPY sub /new\nCOPY sub /etc/\n")
    (context / ".dockerignore").unlink()
    text = "test of sharing"
    (context / "sub" / "same").write_text(text)
    images = []
    for content in ("first", "second", "third"):
        (context / "sub" / "one" / "x").write_text(content)
        images.append(built(daemon, str(context)))
    layers = daemon.data_root / "layers"
    found = [path.stat() for path in layers.glob("*/fs/new/same")]
    assert (len(found), {status.st_ino for status in found}) == (3, {found[0].st_ino})
    # Below /etc there was something before.
    assert {path.stat().st_nlink for path in layers.glob("*/fs/etc/same")} == {1}
    for image, content in zip(images, ("first", "second", "third"), strict=True):
        script = (
            "cat /new/one/x /etc/one/x; echo more >> /new/same; cat /new/same; stat -c %h.%a.%u"
        )
        printed = daemon.output(f"{script} /new/same", image=image)
        assert printed == f"{content}{content}{text}more\n1.644.0\n"
    daemon.remove_containers()
    assert {path.read_text() for path in layers.glob("*/fs/new/same")} == {text}
    status, _, body = daemon.raw("GET", "/system/check")
    assert (status, b"problem" in body) == (200, False), body


def _kept(daemon: Daemon, context: Path) -> list[Path]:
    """Return where contents are kept that are as those of a directory."""
    some = (context / "f8").read_bytes()
    kept = (daemon.data_root / "build-contexts").glob("*/contents")
    return [path for path in kept if some in path.read_bytes()]


def test_progress_and_what_was_not_done(daemon: Daemon, context: Path) -> None:
    new = ("--build-arg", "WHO=them")  # what no other test builds
    words = ("build", *new, "--network", "none", "--progress", "plain", str(context))
    first, second = seacan(daemon, *words), seacan(daemon, *words)
    assert (first.status, second.status) == (0, 0), first.err
    assert re.search(r"^#\d+ [\d.]+ made for them$", first.err, re.MULTILINE)
    ran = re.search(r"^(#\d+) \[8/9\] RUN echo", second.err, re.MULTILINE)
    assert ran is not None
    assert f"\n{ran[1]} CACHED\n" in second.err


def test_a_failure_shows_the_line(daemon: Daemon) -> None:
    text = "FROM busybox\nRUN echo so far; \\\n  exit 3\nCMD x\n"
    done = seacan(daemon, "build", "--network", "none", "-", stdin=text.encode())
    assert done.status == 1
    assert " > [2/3] RUN echo so far; exit 3:\nso far\n" in done.err
    assert "   2 | >>> RUN echo so far; \\\n   3 | >>>   exit 3\n   4 |     CMD x\n" in done.err
    assert done.err.endswith("returned a non-zero code: 3\n")


def test_an_image_that_no_registry_answers_for_is_named(daemon: Daemon) -> None:
    done = seacan(daemon, "build", "-", stdin=b"FROM busybox\nFROM 127.0.0.1:1/tools AS x\n")
    assert done.status == 1
    assert (
        "127.0.0.1:1/tools: failed to resolve source metadata for 127.0.0.1:1/tools:latest: "
        'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'
    ) in done.err


def test_a_secret_is_for_its_command_alone(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cr3t-text")
    text = (
        "FROM busybox\n"
        "RUN --mount=type=secret,id=tok,required wc -c < /run/secrets/tok > /size\n"
        'RUN --mount=type=secret,id=env,env=TOK test "$TOK" = of-the-environment\n'
    )
    words = ("--secret", f"id=tok,src={tmp_path / 'token'}", "--secret", "id=env,env=MINE")
    image = built(daemon, *words, "-", stdin=text.encode(), MINE="of-the-environment")
    saved = subprocess.run(
        [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, "save", image],
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout
    assert b"s3cr3t-text" not in saved
    assert b"of-the-environment" not in saved.replace(b'= of-the-environment"', b"")
    missing = seacan(daemon, "build", "-", stdin=text.encode())
    assert missing.status == 1
    assert "tok" in missing.err


def test_output_and_files(daemon: Daemon, context: Path, tmp_path: Path) -> None:
    words = ("--iidfile", str(tmp_path / "iid"), "--metadata-file", str(tmp_path / "meta"))
    image = built(daemon, *words, "-o", f"type=tar,dest={tmp_path / 'out.tar'}", str(context))
    assert (tmp_path / "iid").read_text() == image
    assert json.loads((tmp_path / "meta").read_text())["containerimage.config.digest"] == image
    with tarfile.open(tmp_path / "out.tar") as archive:
        names = set(archive.getnames())
    assert {"tool", "list", "app/keep.md", "app/sub/one/y"} <= names
    assert not {"app/a.md", "app/sub/one/x"} & names
    built(daemon, "-o", str(tmp_path / "directory"), str(context))
    assert (tmp_path / "directory" / "tool").read_text() == "tool\n"
    assert (tmp_path / "directory" / "app" / "keep.md").read_text() == "keep.md"
    # What a container has and the image has not.
    assert ".dockerenv" not in names | {*os.listdir(tmp_path / "directory")}
    assert seacan(daemon, "ps", "-aq").out == ""


def test_several_platforms(daemon: Daemon, context: Path, tmp_path: Path) -> None:
    (context / "Dockerfile").write_text(
        "FROM --platform=$BUILDPLATFORM busybox AS tools\n"
        "RUN echo made here > /made\n"
        "FROM scratch\n"
        "ARG TARGETARCH\n"
        "COPY --from=tools /made /made\n"
        "LABEL for=$TARGETARCH\n"
    )
    host, other = str(platforms.host()), "linux/s390x"
    words = ("--platform", f"{host},{other}", "-t", "several:1")
    archive = tmp_path / "several.tar"

    image = built(daemon, *words, "-o", f"type=oci,dest={archive}", str(context))

    assert built(daemon, *words, str(context)) == image
    shown = seacan(daemon, "images", "--tree", "several:1").out.splitlines()
    assert [line.split()[1] for line in shown[2:]] == [host, other]
    members = archives.members(archive.read_bytes())
    (told,) = json.loads(members["index.json"])["manifests"]
    manifests = json.loads(members[f"blobs/sha256/{told['digest'][7:]}"])["manifests"]
    assert [one["platform"]["architecture"] for one in manifests] == [host.split("/")[1], "s390x"]
    template = "{{.Architecture}} {{.Config.Labels.for}}"
    inspected = seacan(daemon, "image", "inspect", "--platform", other, "-f", template, "several:1")
    assert inspected.out.strip() == "s390x s390x"
    refused = seacan(daemon, "build", *words, "-o", str(tmp_path / "files"), str(context))
    assert "not supported: local output of several platforms" in refused.err
    assert seacan(daemon, "rmi", "several:1").status == 0


def test_outputs_are_read_by_others(daemon: Daemon, context: Path, tmp_path: Path) -> None:
    """skopeo reads what was written, and what was pushed to Debian's registry."""
    config = built(daemon, "-o", f"type=oci,dest={tmp_path / 'oci.tar'},name=out:1", str(context))
    built(daemon, "-t", "out:1", "-o", f"type=docker,dest={tmp_path / 'd.tar'}", str(context))
    for place in (f"oci-archive:{tmp_path / 'oci.tar'}", f"docker-archive:{tmp_path / 'd.tar'}"):
        copied = tmp_path / place.partition(":")[0]
        skopeo.copy(place, f"dir:{copied}")
        manifest = json.loads((copied / "manifest.json").read_text())
        assert manifest["config"]["digest"] == config
    with docker_registry(tmp_path / "registry") as registry:
        name = f"{registry.host}/out/pushed:2"
        built(daemon, "-o", f"type=image,name={name},push=true", str(context))
        assert skopeo.raw(f"docker://{name}")["config"]["digest"] == config


def test_an_image_as_a_context(daemon: Daemon) -> None:
    base = built(daemon, "-t", "own-base:1", "-", stdin=b"FROM busybox\nRUN echo b > /mark\n")
    words = ("--build-context", "golang:1=docker-image://own-base:1")
    text = b"FROM golang:1\nCOPY --from=golang:1 /mark /copy\nRUN cat /mark /copy\n"
    assert built(daemon, *words, "-", stdin=text) != base


def test_a_directory_as_a_context(daemon: Daemon, context: Path, tmp_path: Path) -> None:
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    (tmp_path / "lib" / "deep" / "file").write_text("of the library")
    text = "FROM busybox\nCOPY --from=lib . /lib/\nCOPY . /own/\n"
    text += "RUN --mount=from=lib,target=/m cat /m/deep/file && ls -a /own /lib > /list\n"
    (context / "Dockerfile").write_text(text)
    words = ("--build-context", f"lib={tmp_path / 'lib'}", "-o", str(tmp_path / "out"))
    built(daemon, *words, str(context))
    assert (tmp_path / "out" / "lib" / "deep" / "file").read_text() == "of the library"
    assert ".seacan" not in (tmp_path / "out" / "list").read_text()


def test_check(daemon: Daemon, context: Path) -> None:
    (context / "Dockerfile").write_text("FROM busybox as x\nENV A=$PAHT\nCOPY a.md /\nCMD y\n")
    done = seacan(daemon, "build", "--check", str(context))
    assert done.status == 1
    rules = re.findall(r"^WARNING: (\w+) - https://", done.out, re.MULTILINE)
    assert rules == ["FromAsCasing", "UndefinedVar", "JSONArgsRecommended"]
    assert "(did you mean $PATH?)" in done.out


def test_an_archive_on_standard_input(daemon: Daemon) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in (("d/Other", "FROM busybox\nCOPY d /x\n"), ("d/file", "content")):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    assert built(daemon, "-f", "d/Other", "-", stdin=made.getvalue()).startswith("sha256:")
