"""Several platforms of a name, as the docker CLI, skopeo and registries see them."""

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import SEACAN, Composer
from tests.conformance.docker_cli import Docker, Engine
from tests.conformance.skopeo import copy, digest_of, raw
from tests.images import archives
from tests.images.archives import member, tar
from tests.registry.process import Process, running_process

from seacan.images import platforms

pytestmark = [pytest.mark.root, pytest.mark.conformance]

HOST = str(platforms.host())
OTHER, THIRD = "linux/s390x", "linux/ppc64le"
LAYER = tar([member("file", b"content")])


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Process]:
    with running_process(tmp_path) as process:
        yield process
    assert process.problems() == ""


@pytest.fixture
def image(docker: Docker, engine: Engine, tmp_path: Path) -> Iterator[str]:
    """Return the name of an image for three platforms, which was loaded."""
    if engine.daemon is None:
        pytest.skip("with graph drivers a name has one platform")
    name = f"docker.io/library/{docker.name}:1"
    archive = tmp_path / "several.tar"
    archive.write_bytes(archives.of_platforms(name, [OTHER, HOST, THIRD], [gzip.compress(LAYER)]))
    docker.ok("load", "-q", "-i", str(archive))
    yield f"{docker.name}:1"
    docker("rmi", f"{docker.name}:1")


def unpacked(archive: Path) -> str:
    """Return an archive as a place of skopeo's."""
    directory = archive.with_suffix("")
    with tarfile.open(archive) as opened:
        opened.extractall(directory, filter="data")
    return f"oci:{directory}"


def platforms_of(docker: Docker, name: str) -> list[str]:
    """Return which are here: the docker CLI shows all that an index names."""
    lines = [line.split() for line in docker.ok("images", "--tree", name).splitlines()]
    return [words[1] for words in lines if words[:1] in (["├─"], ["└─"]) and words[-1] != "0B"]


def test_the_platform_that_commands_take(docker: Docker, image: str) -> None:
    def architecture(*words: str) -> str:
        return docker.ok("image", "inspect", "-f", "{{.Os}}/{{.Architecture}}", *words, image)

    assert platforms_of(docker, image) == [OTHER, HOST, THIRD]
    assert len(docker.ok("images", "-aq", image).splitlines()) == 1
    assert (architecture(), architecture("--platform", OTHER)) == (HOST, OTHER)
    assert docker("history", "--platform", THIRD, image).status == 0
    container = docker.ok("create", "--platform", OTHER, image, "x")
    shown = docker.ok("ps", "-a", "--format", "{{.Image}}", "--filter", f"ancestor={image}")
    used = docker.inspect(container, "{{.Image}}")
    assert (shown, docker.inspect(used, "{{.Architecture}}")) == (image, "s390x")
    assert "container" in docker("rmi", "--platform", OTHER, image).err
    docker.ok("rm", container)
    assert docker.ok("rmi", "--platform", f"{OTHER},{THIRD}", image).count("Deleted: ") == 2
    assert platforms_of(docker, image) == [HOST]
    missing = docker("create", "--pull", "never", "--platform", OTHER, image, "x")
    assert "does not match the specified platform" in missing.err


def test_archives_of_several_platforms(docker: Docker, image: str, tmp_path: Path) -> None:
    brought, whole, one = (tmp_path / f"{name}.tar" for name in ("several", "whole", "one"))
    docker.ok("save", "-o", str(whole), image)
    docker.ok("save", "--platform", OTHER, "-o", str(one), image)

    index = raw(unpacked(whole))

    assert index == raw(unpacked(brought))
    assert digest_of(unpacked(one)) == index["manifests"][0]["digest"]
    docker.ok("rmi", image)
    docker.ok("load", "-i", str(whole), "--platform", THIRD)
    assert platforms_of(docker, image) == [THIRD]


def test_registries_get_and_give_the_index(
    docker: Docker, image: str, registry: Process, tmp_path: Path
) -> None:
    archive = tmp_path / "several.tar"
    host = f"127.0.0.1:{registry.port}"
    place = f"docker://{host}"
    copy(f"oci-archive:{archive}", f"{place}/theirs:1", "--all")
    theirs, ours = f"{host}/theirs:1", f"{host}/ours:1"
    docker.ok("tag", image, ours)

    assert docker.ok("push", ours).count("Layer already exists") == 2

    assert raw(f"{place}/ours:1") == raw(f"{place}/theirs:1") == raw(unpacked(archive))
    docker.ok("rmi", image, ours)
    for platform in (OTHER, HOST):
        docker.ok("pull", "-q", "--platform", platform, theirs)
    assert platforms_of(docker, theirs) == [OTHER, HOST]
    again = docker("push", theirs)  # what is here of it: this machine's image
    assert "Not all multiplatform-content is present" in again.out + again.err
    manifests = {
        one["platform"]["architecture"]: one for one in raw(f"{place}/ours:1")["manifests"]
    }
    pushed = [manifests[name.split("/")[1]]["digest"] for name in (HOST, OTHER)]
    assert digest_of(f"{place}/theirs:1") == pushed[0]
    docker.ok("push", "-q", "--platform", OTHER, theirs)
    assert digest_of(f"{place}/theirs:1") == pushed[1]


def test_a_service_for_another_platform(
    docker: Docker, engine: Engine, image: str, tmp_path: Path
) -> None:
    """It is found among those of the name, and nothing is asked of a registry."""
    (tmp_path / "compose.yaml").write_text(
        f"services: {{other: {{image: '{image}', command: x, platform: {OTHER}}}}}\n"
    )
    compose = Composer(SEACAN, engine.host, tmp_path)
    compose.ok("create")
    container = compose.ok("ps", "-aq")
    used = docker.inspect(container, "{{.Image}}")
    assert docker.inspect(used, "{{.Architecture}}") == "s390x"
    compose.ok("create")
    assert compose.ok("ps", "-aq") == container
    compose.ok("down")
