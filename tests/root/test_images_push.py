"""push: what a registry gets, and what it is spared."""

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.fakes.registry import INDEX, LAYER, FakeRegistry, Hold, Status
from tests.images import archives
from tests.images.archives import digest
from tests.images.place import BASE, TOP, Place, check_manifest, no_containers

from seacan.errors import Internal, InvalidArgument, NotFound, SeacanError
from seacan.images import platforms, references
from seacan.images.remote.credentials import NOBODY
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation

pytestmark = pytest.mark.root


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry().serving() as registry:
        yield registry


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, RegistrySettings(retry_delay_s=0.01, directories=()))
    yield place
    place.images.close()


def short(data: bytes) -> str:
    return digest(data)[7:19]


def load_and_tag(place: Place, *names: str) -> None:
    place.load(archives.old_docker_archive([BASE, TOP], ["app:1"]))
    for name in names:
        place.images.tag("app:1", references.parse(name))


@pytest.mark.parametrize("at", ["Compressing", "Pushed"])
def test_images_that_are_removed_meanwhile_go_all_the_same(
    place: Place, registry: FakeRegistry, at: str
) -> None:
    name = f"{registry.host}/a/b"
    place.load(archives.old_docker_archive([BASE, TOP], [f"{name}:1"]))
    place.load(archives.old_docker_archive([BASE], [f"{name}:2"]))
    left = {tag: place.images.get(f"{name}:{tag}").manifest_digest for tag in "12"}

    def remove(told: Mapping[str, Any]) -> None:
        if told.get("status") == at:
            for tag in "12":
                with contextlib.suppress(NotFound):  # the second time
                    place.images.remove(f"{name}:{tag}", force=True, used_by=no_containers)

    place.images.remote.push(
        references.parse(name),
        platform=None,
        credentials=NOBODY,
        progress=remove,
        cancellation=Cancellation(),
    )

    sent = {tag: digest(registry.manifests["a/b", tag][1]) for tag in "12"}
    assert sent["2"] == left["2"]
    assert at == "Pushed" or sent["1"] == left["1"]
    assert [str(one.references[0].path) for one in place.images.list()] == ["library/hello-world"]


def test_push_and_pull_elsewhere(place: Place, registry: FakeRegistry, tmp_path: Path) -> None:
    name = f"{registry.host}/a/b:1"
    load_and_tag(place, name)

    lines = place.push(name)

    image = place.images.get(name)
    size = len(registry.manifests["a/b", "1"][1])
    assert lines[:3] == [
        f"The push refers to repository [{registry.host}/a/b]",
        f"{short(TOP)}: Preparing",
        f"{short(BASE)}: Preparing",
    ]
    assert sorted(lines[3:5]) == sorted([f"{short(BASE)}: Pushed", f"{short(TOP)}: Pushed"])
    assert lines[5:] == [f"1: digest: {image.manifest_digest} size: {size}"]
    aux = {"Tag": "1", "Digest": image.manifest_digest, "Size": size}
    assert place.messages[-1] == {"progressDetail": {}, "aux": aux}
    assert place.events[-1] == ("push", name, f"{registry.host}/a/b")
    assert [str(one) for one in place.images.get(name).digests] == [
        f"{registry.host}/a/b@{image.manifest_digest}"
    ]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Place(elsewhere, place.registries)
    other.pull(name)
    assert other.images.get(name).id == image.id
    other.images.close()


def test_what_is_there_is_not_sent_again(place: Place, registry: FakeRegistry) -> None:
    name = f"{registry.host}/a:1"
    load_and_tag(place, name)
    place.push(name)
    registry.asked.clear()

    lines = place.push(name)

    assert f"{short(BASE)}: Layer already exists" in lines
    assert not registry.asked_for("POST", "")


def test_a_layer_is_mounted_from_where_it_is_known_to_be(
    place: Place, registry: FakeRegistry
) -> None:
    load_and_tag(place, f"{registry.host}/one/a:1", f"{registry.host}/two/a:1")
    place.push(f"{registry.host}/one/a:1")
    registry.asked.clear()

    lines = place.push(f"{registry.host}/two/a:1")

    assert f"{short(BASE)}: Mounted from one/a" in lines
    assert f"{short(TOP)}: Mounted from one/a" in lines
    assert not registry.asked_for("PUT", "/blobs/")
    mounts = [one.query["from"] for one in registry.asked_for("POST", "") if "from" in one.query]
    assert mounts == [["one/a"]] * 3  # the config as well


def test_what_cannot_be_mounted_is_sent(place: Place, registry: FakeRegistry) -> None:
    load_and_tag(place, f"{registry.host}/one/a:1", f"{registry.host}/two/a:1")
    place.push(f"{registry.host}/one/a:1")
    for key in list(registry.blobs):
        del registry.blobs[key]
    registry.faults["/two/a/blobs/uploads/"] = [Status(403)]

    lines = place.push(f"{registry.host}/two/a:1")

    assert f"{short(BASE)}: Pushed" in lines


def test_all_tags(place: Place, registry: FakeRegistry) -> None:
    load_and_tag(place, f"{registry.host}/a:1", f"{registry.host}/a:2", f"{registry.host}/b:3")

    place.push(f"{registry.host}/a")

    tags = {key for key in registry.manifests if ":" not in key[1]}
    assert tags == {("a", "1"), ("a", "2")}


def test_a_pulled_manifest_keeps_its_digest(place: Place, registry: FakeRegistry) -> None:
    document = json.dumps(
        json.loads(registry.manifests["a", registry.add_image("a", "1", [BASE])][1])
        | {"annotations": {"org.example": "kept"}},
        indent=3,
    ).encode()
    pulled = registry.add_manifest("a", "1", document)
    place.pull(f"{registry.host}/a:1")
    with FakeRegistry().serving() as other:
        place.images.tag(f"{registry.host}/a:1", references.parse(f"{other.host}/b:2"))

        lines = place.push(f"{other.host}/b:2")

        assert lines[-1] == f"2: digest: {pulled} size: {len(document)}"
        assert other.manifests["b", "2"][1] == document


def test_indexes_that_name_one_another_many_times_go_once(
    place: Place, registry: FakeRegistry
) -> None:
    """Of a hostile registry's, four with ten thousand entries each, neither pull nor push ended."""
    platform = {"os": "linux", "architecture": platforms.host().architecture}
    media_type, data = registry.manifests["a", registry.add_image("a", "1", [BASE])]
    for depth in range(3):
        entry = archives.descriptor(data, media_type) | {"platform": platform}
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] * 10}
        registry.add_manifest("a", f"deep{depth}", document, INDEX)
        media_type, data = registry.manifests["a", f"deep{depth}"]
    place.pull(f"{registry.host}/a:deep2")
    with FakeRegistry().serving() as other:
        place.images.tag(f"{registry.host}/a:deep2", references.parse(f"{other.host}/b:2"))

        place.push(f"{other.host}/b:2")

        assert other.manifests["b", "2"][1] == data
        assert len(other.asked_for("PUT", "/manifests/")) == 4


def test_layers_go_compressed(place: Place, registry: FakeRegistry) -> None:
    """A plain archive has no manifest, so it is up to seacan; the same bytes each time."""
    name = f"{registry.host}/a:1"
    load_and_tag(place, name)
    before = place.images.get(name)

    place.push(name)

    image = place.images.get(name)
    assert (image.id, image.layers) == (before.id, before.layers)
    check_manifest(place, image)
    manifest = json.loads(registry.manifests["a", "1"][1])
    for layer, plain in zip(manifest["layers"], (BASE, TOP), strict=True):
        assert layer["mediaType"] == f"{LAYER}+gzip"
        assert gzip.decompress(registry.blobs["a", layer["digest"]]) == plain
        assert digest(plain)[7:] not in place.files()
    place.images.remove(image.id, force=True, used_by=lambda _: [])
    load_and_tag(place, name)
    assert f"{short(BASE)}: Layer already exists" in place.push(name)


def test_an_archive_with_a_manifest_goes_as_it_came(place: Place, registry: FakeRegistry) -> None:
    name = {"io.containerd.image.name": f"{registry.host}/a:1"}
    place.load(archives.oci_archive([BASE, TOP], name))
    wanted = place.images.get(f"{registry.host}/a:1").manifest_digest

    place.push(f"{registry.host}/a:1")

    assert digest(registry.manifests["a", "1"][1]) == wanted


def test_a_registry_that_breaks_off_is_asked_again(place: Place, registry: FakeRegistry) -> None:
    name = f"{registry.host}/a:1"
    load_and_tag(place, name)
    registry.faults["/blobs/uploads/"] = [Status(503), Status(500)]
    registry.faults["/blobs/upload1"] = [Status(502)]

    place.push(name)

    assert len(registry.blobs) == 3


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, b"", "unauthorized: authentication required"),
        (403, b"", "denied: requested access to the resource is denied"),
        (
            403,
            b'{"errors":[{"code":"DENIED","message":"quota \\u001b[31mexceeded"}]}',
            "denied: quota  [31mexceeded",
        ),
        (405, b"read-only", "received unexpected HTTP status: 405 Method Not Allowed"),
        (
            400,
            b'{"errors":[{"code":"NAME_INVALID","message":"invalid repository name"}]}',
            "name invalid: invalid repository name",
        ),
    ],
)
def test_refusals(
    place: Place, registry: FakeRegistry, status: int, body: bytes, text: str
) -> None:
    name = f"{registry.host}/a:1"
    load_and_tag(place, name)
    registry.faults["/blobs/uploads/"] = [Status(status, {}, body)] * 4

    with pytest.raises(SeacanError) as raised:
        place.push(name)

    assert str(raised.value) == text
    assert not registry.manifests


def test_the_failure_of_one_layer_does_not_wait_for_the_others(
    place: Place, registry: FakeRegistry
) -> None:
    name = f"{registry.host}/a:1"
    place.load(archives.oci_archive([BASE, TOP], {"io.containerd.image.name": name}))
    hold = Hold(threading.Event())
    registry.faults[digest(BASE)] = [hold]
    registry.faults[digest(TOP)] = [Status(403)]

    with pytest.raises(SeacanError, match="denied"):
        place.push(name)

    assert not hold.event.is_set()
    hold.event.set()


def test_what_cannot_be_pushed(place: Place, registry: FakeRegistry) -> None:
    load_and_tag(place, f"{registry.host}/a:1")

    with pytest.raises(Internal, match=f"tag does not exist: {registry.host}/a:2"):
        place.push(f"{registry.host}/a:2")
    with pytest.raises(Internal, match=f"not exist locally with the tag: {registry.host}/b"):
        place.push(f"{registry.host}/b:1")
    with pytest.raises(InvalidArgument, match="cannot push a digest reference"):
        place.push(f"{registry.host}/a@{digest(BASE)}")
    wanted = replace(platforms.host(), architecture="s390x")
    with pytest.raises(NotFound, match=r"does not provide the specified platform \(linux/s390x\)"):
        place.images.remote.push(
            references.parse(f"{registry.host}/a:1"),
            platform=wanted,
            credentials=NOBODY,
            progress=lambda _: None,
            cancellation=Cancellation(),
        )
    assert not registry.asked
