"""Lists of images that are in a registry: what is brought together, and what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.registry import INDEX, FakeRegistry
from tests.images.archives import digest
from tests.images.place import BASE, TOP, Place

from seacan.errors import InvalidArgument, NotFound
from seacan.images import references
from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.images.remote.lists import Entry
from seacan.images.remote.settings import RegistrySettings
from seacan.spec.image import Platform

pytestmark = pytest.mark.root

ARM: Platform = {"os": "linux", "architecture": "arm", "variant": "v7"}
X86: Platform = {"os": "linux", "architecture": "amd64"}


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry(auth="token").serving() as registry:
        yield registry


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, RegistrySettings(retry_delay_s=0.01, directories=()))
    yield place
    place.images.close()


def push(place: Place, registry: FakeRegistry, name: str, *entries: tuple[str, Platform]) -> str:
    return place.images.remote.push_list(
        references.parse(f"{registry.host}/{name}"),
        [Entry(references.parse(f"{registry.host}/{source}"), p) for source, p in entries],
        Credentials("bob", "secret"),
    )


def test_images_of_this_and_another_repository(place: Place, registry: FakeRegistry) -> None:
    one = registry.add_image("all", "arm", [BASE], architecture="arm")
    two = registry.add_image("other", "x86", [BASE, TOP])

    pushed = push(place, registry, "all:1", (f"all@{one}", ARM), ("other:x86", X86))

    media_type, data = registry.manifests["all", "1"]
    assert (media_type, digest(data)) == (INDEX, pushed)
    listed = [(one["digest"], one["platform"]) for one in json.loads(data)["manifests"]]
    assert listed == [(one, ARM), (two, X86)]
    assert registry.manifests["all", two] == registry.manifests["other", two]
    assert ("all", digest(TOP)) in registry.blobs
    assert not registry.asked_for("PUT", "/blobs/")  # all was mounted
    place.pull(f"{registry.host}/all:1", platform="linux/arm/v7")
    assert place.images.get(f"{registry.host}/all:1").architecture == "arm"


def test_what_cannot_be_mounted_is_sent_on(place: Place, registry: FakeRegistry) -> None:
    registry.mounts = False
    two = registry.add_image("other", "x86", [BASE, TOP])

    push(place, registry, "all:1", (f"other@{two}", X86))

    assert registry.blobs["all", digest(TOP)] == TOP
    assert len(registry.asked_for("PUT", "/blobs/")) == 3


def test_docker_s_images_make_a_list_of_docker_s(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("all", "x", [BASE])
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    document = json.loads(registry.manifests["all", "x"][1]) | {"mediaType": docker}
    one = registry.add_manifest("all", "x", document, docker)

    push(place, registry, "all:1", (f"all@{one}", X86))

    assert "manifest.list.v2" in registry.manifests["all", "1"][0]


def test_refused(place: Place, registry: FakeRegistry) -> None:
    one = registry.add_image("all", "1", [BASE])
    registry.add_index("all", "list", {"linux/amd64": one})

    with pytest.raises(InvalidArgument, match="is a manifest list"):
        push(place, registry, "all:2", ("all:list", X86))
    with pytest.raises(NotFound, match="manifest unknown"):
        push(place, registry, "all:2", ("all:none", X86))
    with pytest.raises(InvalidArgument, match=r"from a different registry .*: docker.io != 127"):
        place.images.remote.push_list(
            references.parse(f"{registry.host}/all:2"),
            [Entry(references.parse("busybox:1"), X86)],
            NOBODY,
        )
    with pytest.raises(InvalidArgument, match="a list without an image"):
        push(place, registry, "all:2")
    assert ("all", "2") not in registry.manifests


def test_a_manifest_as_it_is(place: Place, registry: FakeRegistry) -> None:
    one = registry.add_image("all", "1", [BASE])
    name = references.parse(f"{registry.host}/all:1")

    found = place.images.remote.manifest(name, NOBODY)

    assert (found.digest, found.data) == (one, registry.manifests["all", "1"][1])
