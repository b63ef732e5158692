"""Caches that travel: written by docker buildx to directories, registries, images; read elsewhere.

The daemon that reads them is another one, which has built nothing yet.
"""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker
from tests.daemon import Daemon, running_daemon
from tests.images.docker_registry import DockerRegistry, docker_registry

pytestmark = [pytest.mark.root, pytest.mark.conformance]

BUILD = ("build", "--network=none", "--progress=plain", "--provenance=false")
DOCKERFILE = """FROM busybox AS make
RUN head -c 9 /dev/urandom | md5sum > /made
FROM busybox
WORKDIR /w
RUN head -c 9 /dev/urandom | md5sum > once
COPY f .
COPY --from=make /made .
COPY --link f /linked
ENV A=b
"""
STEPS = 6  # that change files
# The history of the image tells of each layer; that of busybox here does not.
WHOLE = "FROM scratch\nCOPY f /one\nCOPY f /two\nENV A=b\n"


@pytest.fixture(scope="module")
def elsewhere(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture
def where(docker: Docker, tmp_path: Path) -> str:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "context" / "f").write_text(docker.name)  # new to each engine
    return str(tmp_path / "context")


def at(buildx: Docker, daemon: Daemon, *words: str) -> str:
    """Return what a build by another daemon says, which has none of its cache before."""
    environment = buildx.env | {"DOCKER_HOST": daemon.host}
    for command in (("builder", "prune", "-af"), words):
        done = subprocess.run(
            ["docker", *command], env=environment, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stderr
    return done.stderr


def built(buildx: Docker, *words: str) -> str:
    buildx.ok("builder", "prune", "-af")
    result = buildx(*BUILD, *words, timeout_s=100)
    assert result.status == 0, result.err
    return result.err


def id_of(directory: Path) -> str:
    return (directory / "id").read_text()


@pytest.mark.parametrize("options", ["", ",image-manifest=false", ",compression=uncompressed"])
def test_a_directory(
    buildx: Docker, elsewhere: Daemon, where: str, tmp_path: Path, options: str
) -> None:
    cache, iid = tmp_path / "cache", ("--iidfile", f"{tmp_path}/id")
    said = built(buildx, "--cache-to", f"type=local,dest={cache},mode=max{options}", *iid, where)
    assert "exporting cache to client directory" in said
    first = id_of(tmp_path)
    said = at(buildx, elsewhere, *BUILD, "--cache-from", f"type=local,src={cache}", *iid, where)
    assert said.count("CACHED") == STEPS, said
    assert id_of(tmp_path) == first
    index = json.loads((cache / "index.json").read_text())
    assert len(index["manifests"]) == 1


def test_a_registry(
    buildx: Docker, elsewhere: Daemon, registry: DockerRegistry, where: str, tmp_path: Path
) -> None:
    ref, iid = f"{registry.host}/cache:1", ("--iidfile", f"{tmp_path}/id")
    to = ("--cache-to", f"type=registry,ref={ref},mode=max")
    assert "exporting cache to registry" in built(buildx, *to, *iid, where)
    first = id_of(tmp_path)
    words = (*BUILD, "--cache-from", f"type=registry,ref={ref}", *iid, where)
    said = at(buildx, elsewhere, *words)
    assert said.count("CACHED") == STEPS, said
    assert id_of(tmp_path) == first
    # What another one has done is never a result of this daemon's own.
    environment = buildx.env | {"DOCKER_HOST": elsewhere.host}
    alone = subprocess.run(
        ["docker", *BUILD, where], env=environment, capture_output=True, text=True, check=True
    )
    assert "CACHED" not in alone.stderr


def test_the_image_alone(buildx: Docker, elsewhere: Daemon, where: str, tmp_path: Path) -> None:
    """mode=min: stages that the image does not have run again."""
    cache = tmp_path / "cache"
    built(buildx, "--cache-to", f"type=local,dest={cache}", where)
    said = at(buildx, elsewhere, *BUILD, "--cache-from", f"type=local,src={cache}", where)
    assert "RUN head -c 9 /dev/urandom | md5sum > /made\n" in said
    assert said.count("CACHED") == STEPS - 2  # and what is copied of that is another file


def test_an_image_with_its_cache(
    buildx: Docker, elsewhere: Daemon, registry: DockerRegistry, where: str, tmp_path: Path
) -> None:
    Path(where, "Dockerfile").write_text(WHOLE)
    ref, iid = f"{registry.host}/inline:1", ("--iidfile", f"{tmp_path}/id")
    said = built(buildx, "-t", ref, "--push", "--cache-to", "type=inline", *iid, where)
    assert f"pushing {ref}" in said
    first = id_of(tmp_path)
    words = (*BUILD, "--cache-from", ref, "--build-arg", "BUILDKIT_INLINE_CACHE=1", *iid, where)
    assert at(buildx, elsewhere, *words).count("CACHED") == 2
    assert id_of(tmp_path) == first
    buildx.ok("rmi", ref)


def test_an_image_whose_history_is_not_whole(buildx: Docker, where: str) -> None:
    """BuildKit falls over such a cache, with the daemon that it is in."""
    assert "no inline cache: the history" in built(buildx, "--cache-to", "type=inline", where)


def test_seacan_build(
    docker: Docker, own_daemon: Daemon, elsewhere: Daemon, registry: DockerRegistry, where: str
) -> None:
    """Over the classic endpoint; what buildx has written is read, too."""

    def built(daemon: Daemon, *words: str) -> tuple[str, str]:
        own = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host]
        for command in (["builder", "prune", "-af"], ["build", "--network=none", *words, where]):
            done = subprocess.run(
                [*own, *command], check=True, capture_output=True, text=True, timeout=100
            )
        return Path(where, "id").read_text(), done.stderr

    ref, iid = f"{registry.host}/classic:1", f"--iidfile={where}/id"
    first, said = built(own_daemon, "--cache-to", f"type=registry,ref={ref},mode=max", iid)
    assert f"cache exported to {ref}" in said
    again, said = built(elsewhere, "--cache-from", f"type=registry,ref={ref}", iid)
    assert first == again
    assert said.count("CACHED") >= STEPS


def test_what_is_wrong_with_a_cache_is_told(
    buildx: Docker, registry: DockerRegistry, where: str, tmp_path: Path
) -> None:
    said = built(buildx, "--cache-from", f"{registry.host}/none:1", where)
    assert f"importing cache manifest from {registry.host}/none:1" in said
    assert "ERROR" in said
    to = "type=registry,ref=127.0.0.1:1/x:1"
    failed = buildx(*BUILD, "--cache-to", to, where)
    assert failed.status == 1
    assert "127.0.0.1:1" in failed.err
    assert "connection refused" in failed.err
    said = built(buildx, "--cache-to", f"{to},ignore-error=true", where)
    assert "cache export to 127.0.0.1:1/x:1 failed" in said


def test_caches_of_services_are_refused(buildx: Docker, where: str) -> None:
    for option in ("--cache-to", "--cache-from"):
        refused = buildx(*BUILD, option, "type=azblob,name=x,account_url=https://x", where)
        assert refused.status == 1
        assert "not supported: cache" in refused.err
        assert "azblob" in refused.err


def test_a_layer_that_is_another_one(
    buildx: Docker, elsewhere: Daemon, where: str, tmp_path: Path
) -> None:
    """Who changes a blob in a cache gets a build without that cache."""
    cache = tmp_path / "cache"
    built(buildx, "--cache-to", f"type=local,dest={cache},mode=max", where)
    digest = json.loads((cache / "index.json").read_text())["manifests"][0]["digest"]
    blobs = cache / "blobs" / "sha256"
    manifest = json.loads((blobs / digest.removeprefix("sha256:")).read_text())
    for layer in manifest["layers"]:
        path = blobs / layer["digest"].removeprefix("sha256:")
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    said = at(buildx, elsewhere, *BUILD, "--cache-from", f"type=local,src={cache}", where)
    assert "is not used: layer verification failed" in said
    assert "CACHED" not in said


def test_an_archive(buildx: Docker, elsewhere: Daemon, where: str, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    for kind in ("oci", "docker"):
        buildx.ok(*BUILD, "-o", f"type={kind},dest={archive},name=of-the-archive:1", where)
        with tarfile.open(archive) as opened:
            assert {"oci-layout", "index.json", "manifest.json"} <= {*opened.getnames()}
        environment = buildx.env | {"DOCKER_HOST": elsewhere.host}
        loaded = subprocess.run(
            ["docker", "load", "-i", archive], env=environment, capture_output=True, check=True
        )
        assert b"Loaded image: of-the-archive:1" in loaded.stdout
    assert "of-the-archive" not in buildx.ok("images")


def test_an_image_of_several_platforms(
    buildx: Docker, registry: DockerRegistry, where: str, tmp_path: Path
) -> None:
    Path(where, "Dockerfile").write_text(
        "FROM scratch\nARG TARGETARCH\nENV A=$TARGETARCH\nCOPY f /\n"
    )
    archive, ref = tmp_path / "image.tar", f"{registry.host}/several:1"
    words = (*BUILD, "--platform=linux/amd64,linux/arm64", "-t", ref)
    buildx.ok(*words, "-o", f"type=oci,dest={archive}", where)
    with tarfile.open(archive) as opened:
        index = opened.extractfile("index.json")
        assert index is not None
        (described,) = json.load(index)["manifests"]
    assert described["mediaType"] == "application/vnd.oci.image.index.v1+json"
    buildx.ok(*words, "--push", "--metadata-file", f"{tmp_path}/metadata", where)
    buildx.ok(*words, "-o", f"{tmp_path}/out", where)
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in tmp_path.glob("out/*/*"))
    assert found == ["linux_amd64/f", "linux_arm64/f"]
    refused = buildx(*words, "-o", f"type=tar,dest={tmp_path}/files.tar", where)
    assert "not supported: a tar of the files of several platforms" in refused.err
    digest = json.loads((tmp_path / "metadata").read_text())["containerimage.digest"]
    name = f"{registry.host}/several@{digest}"
    pushed = json.loads(buildx.ok("manifest", "inspect", "--insecure", name))
    assert {each["platform"]["architecture"] for each in pushed["manifests"]} == {"amd64", "arm64"}
    buildx.ok("rmi", ref)


# -- BuildKit -------------------------------------------------------------------------------------


@pytest.fixture
def theirs(buildx: Docker) -> Iterator[Callable[..., str]]:
    """A build by a dockerd, whose image goes at the end; what it says is returned."""
    host = os.environ.get("SEACAN_TEST_PEER", "")
    if not host.startswith("unix://"):
        pytest.skip("no dockerd of today, on this host, is named by SEACAN_TEST_PEER")
    environment = buildx.env | {"DOCKER_HOST": host}
    images: list[str] = []

    def run(*words: str) -> str:
        done = subprocess.run(
            ["docker", *words], env=environment, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def build(where: str, *words: str) -> str:
        iid = f"{where}/../their-id"
        said = run(*BUILD, "--iidfile", iid, *words, where)
        images.append(Path(iid).read_text())
        return said

    yield build
    for image in images:
        run("rmi", "-f", image)


def test_buildkit_reads_the_caches(
    buildx: Docker,
    theirs: Callable[..., str],
    registry: DockerRegistry,
    where: str,
    tmp_path: Path,
) -> None:
    """Its keys are others, so it finds nothing; nor does seacan in what it has made."""
    cache, ref = f"{tmp_path}/cache", f"{registry.host}/both"
    to = ("--cache-to", f"type=local,dest={cache},mode=max")
    built(buildx, *to, "--cache-to", f"type=registry,ref={ref}:cache,mode=max", where)
    Path(where, "Dockerfile").write_text(WHOLE)
    built(buildx, "-t", f"{ref}:inline", "--push", "--cache-to", "type=inline", where)
    (image,) = json.loads(buildx.ok("inspect", f"{ref}:inline"))
    told = buildx.ok("history", "-q", "--format", "{{.Size}}", f"{ref}:inline").splitlines()
    assert len(image["RootFS"]["Layers"]) == 2 < len(told)  # else it would fall over
    sources = (f"type=local,src={cache}", f"type=registry,ref={ref}:cache", f"{ref}:inline")
    said = theirs(where, *(word for each in sources for word in ("--cache-from", each)))
    assert said.count("importing cache manifest from") == len(sources)
    assert "inferred cache manifest type: application/vnd.oci.image.manifest.v1+json" in said
    assert "ERROR" not in said
    assert "CACHED" not in said
    theirs(where, "-t", f"{ref}:theirs", "--push", "--cache-to", "type=inline")
    said = built(buildx, "--cache-from", f"{ref}:theirs", where)
    assert "ERROR" not in said
    assert "CACHED" not in said
