"""A name that means several platforms: how they come, are chosen, go out, and go."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.registry import INDEX, FakeRegistry
from tests.images import archives
from tests.images.archives import digest
from tests.images.place import BASE, HELLO, TOP, Place, check_manifest, no_containers

from seacan.errors import Conflict, NotFound
from seacan.images import platforms, references
from seacan.images.building import NewImage
from seacan.images.check import Checked
from seacan.images.image import Deleted, Image, Untagged, Use
from seacan.images.remote.settings import RegistrySettings

pytestmark = pytest.mark.root

HOST = str(platforms.host())
OTHER, THIRD = "linux/s390x", "linux/ppc64le"
NAME = "docker.io/library/app:1"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry().serving() as registry:
        yield registry


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, RegistrySettings(retry_delay_s=0.01, directories=()))
    yield place
    assert list(place.images.check(Checked())) == []
    place.images.close()


def add_several(registry: FakeRegistry, *wanted: str, tag: str = "1", layer: bytes = TOP) -> str:
    """Add an index for these platforms, to the repository `app`; return its name."""
    manifests = {
        platform: registry.add_image(
            "app", f"of-{number}", [BASE, layer], architecture=platform.split("/")[1]
        )
        for number, platform in enumerate(wanted)
    }
    registry.add_index("app", tag, manifests)
    return f"{registry.host}/app:{tag}"


def platforms_here(image: Image) -> list[str]:
    return [str(one.platform) for one in image.of_all_platforms]


def remove(place: Place, name: str, *of: str, force: bool = False) -> list[Any]:
    wanted = [platforms.parse(one) for one in of]
    return place.images.remove(name, force=force, used_by=no_containers, platforms=wanted)


# -- in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(HOST, OTHER), (OTHER, HOST)])
def test_one_platform_after_the_other(
    place: Place, registry: FakeRegistry, order: tuple[str, str]
) -> None:
    name = add_several(registry, OTHER, HOST, THIRD)

    for platform in order:
        assert place.pull(name, platform=platform)[-1].startswith("Status: Downloaded newer image")

    image = place.images.get(name)
    assert platforms_here(image) == [HOST, OTHER]
    assert place.names() == sorted([HELLO, name])  # one image of the list, not two
    assert str(place.images.get_for(name, platforms.parse(OTHER)).platform) == OTHER
    with pytest.raises(NotFound, match=rf"but its platform \({HOST}\) does not match"):
        place.images.get_for(name, platforms.parse(THIRD))
    for one in image.of_all_platforms:
        check_manifest(place, one)
        assert place.images.get(one.id).references == image.references
    registry.asked.clear()
    for platform in order:
        assert "Image is up to date" in place.pull(name, platform=platform)[-1]
    assert not registry.asked_for("GET", "/manifests/")


def test_the_manifests_of_an_index(place: Place, registry: FakeRegistry) -> None:
    name = add_several(registry, OTHER, HOST, THIRD)
    place.pull(name)
    place.pull(name, platform=THIRD)

    found = place.images.manifests(place.images.get(name))

    media_type, data = registry.manifests["app", "1"]
    assert found.target == archives.descriptor(data, media_type)
    assert [(str(one.platform), one.content_bytes > 0) for one in found.manifests] == [
        (OTHER, False),
        (HOST, True),
        (THIRD, True),
    ]


def test_a_tag_that_moved_to_another_index(place: Place, registry: FakeRegistry) -> None:
    name = add_several(registry, HOST, OTHER)
    for platform in (HOST, OTHER):
        place.pull(name, platform=platform)
    before = place.images.get(name)
    add_several(registry, HOST, OTHER, layer=BASE)

    place.pull(name)

    assert platforms_here(place.images.get(name)) == [HOST]
    # Both are still what their digest means, and nothing else.
    old = place.images.get(before.id)
    assert (old.references, platforms_here(old)) == ((), [HOST, OTHER])
    assert remove(place, old.id)[0] == Untagged(before.digests[0])
    assert len(place.images.list()) == 2


def test_a_pull_after_one_of_an_older_version(place: Place, registry: FakeRegistry) -> None:
    """That wrote nothing down of the index: its image is of it all the same."""
    name = add_several(registry, HOST, OTHER)
    place.pull(name)
    with place.images._store.database.transaction() as sql:
        for table in ("reference_indexes", "index_manifests", "index_blobs"):
            sql.execute(f"DROP TABLE {table}")
    place.reopen()
    assert place.images.get(name).indexes == ()

    place.pull(name, platform=OTHER)

    assert platforms_here(place.images.get(name)) == [HOST, OTHER]


def test_load_of_an_archive_of_several(place: Place) -> None:
    archive = archives.of_platforms(NAME, [OTHER, HOST, THIRD], [BASE])

    assert place.load(archive) == ["Loaded image: app:1"]
    assert platforms_here(place.images.get("app:1")) == [HOST, OTHER, THIRD]
    assert place.load(archive) == ["Loaded image: app:1"]
    remove(place, "app:1")
    assert place.load(archive, OTHER, THIRD) == ["Loaded image: app:1"]
    assert platforms_here(place.images.get("app:1")) == [OTHER, THIRD]
    with pytest.raises(NotFound, match="the archive has no image for linux/vax"):
        place.load(archive, "linux/vax")


# -- out ------------------------------------------------------------------------------------------


def save(place: Place, *names: str, of: Sequence[str] = ()) -> bytes:
    with place.images.saving(names, [platforms.parse(one) for one in of]) as pieces:
        return b"".join(pieces)


def index_json(archive: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(archives.members(archive)["index.json"])["manifests"]
    return found


def test_save_brings_back_what_load_brought(place: Place, tmp_path: Path) -> None:
    brought = archives.of_platforms(NAME, [OTHER, HOST], [BASE, gzip.compress(TOP)], more=True)
    place.load(brought)

    saved = save(place, "app:1")

    before, after = archives.members(brought), archives.members(saved)
    assert {name: data for name, data in after.items() if "blobs/" in name and data} == {
        name: data for name, data in before.items() if "blobs/" in name
    }
    (told,) = index_json(saved)
    assert told["digest"] == index_json(brought)[0]["digest"]
    (entry,) = json.loads(after["manifest.json"])
    assert entry["Config"].endswith(place.images.get("app:1").id[7:])
    (tmp_path / "other").mkdir()
    other = Place(tmp_path / "other")
    other.load(saved)
    assert save(other, "app:1") == saved
    remove(other, "app:1")
    assert other.load(saved, OTHER) == ["Loaded image: app:1"]
    assert platforms_here(other.images.get("app:1")) == [OTHER]
    other.images.close()


def test_save_of_some_platforms(place: Place) -> None:
    place.load(archives.of_platforms(NAME, [OTHER, HOST, THIRD], [BASE]))
    image = place.images.get("app:1")

    one, two = save(place, "app:1", of=[OTHER]), save(place, "app:1", of=[OTHER, THIRD])

    manifest = place.images.get_for("app:1", platforms.parse(OTHER)).manifest_digest
    assert [told["digest"] for told in index_json(one)] == [manifest]
    assert [told["digest"] for told in index_json(two)] == [*image.indexes]
    assert f"blobs/sha256/{image.id[7:]}" not in archives.members(two)
    with pytest.raises(NotFound, match="no suitable export target found for platform linux/vax"):
        save(place, "app:1", of=["linux/vax"])
    # An id means the image of one platform.
    assert [told["digest"] for told in index_json(save(place, image.id))] == [image.manifest_digest]


def test_save_of_one_platform_of_an_index(place: Place, registry: FakeRegistry) -> None:
    name = add_several(registry, HOST, OTHER)
    place.pull(name)
    (told,) = index_json(save(place, name))
    assert told["digest"] == place.images.get(name).manifest_digest


def test_push_of_an_index_that_is_all_here(place: Place, registry: FakeRegistry) -> None:
    name = add_several(registry, HOST, OTHER)
    for platform in (HOST, OTHER):
        place.pull(name, platform=platform)
    target = f"{registry.host}/to:2"
    place.images.tag(name, references.parse(target))

    lines = place.push(target)

    media_type, data = registry.manifests["to", "2"]
    assert (media_type, data) == registry.manifests["app", "1"]
    assert lines[-1] == f"2: digest: {digest(data)} size: {len(data)}"
    for entry in json.loads(data)["manifests"]:
        assert (
            registry.manifests["to", entry["digest"]] == registry.manifests["app", entry["digest"]]
        )
    assert [one.digest for one in place.images.get(target).digests] == [digest(data)] * 2
    assert not [one for one in registry.asked if one.method == "PUT" and "/blobs/" in one.path]


def test_push_of_what_is_here_of_an_index(place: Place, registry: FakeRegistry) -> None:
    name = add_several(registry, HOST, OTHER, THIRD, "linux/riscv64")
    index = digest(registry.manifests["app", "1"][1])
    for platform in (OTHER, THIRD):
        place.pull(name, platform=platform)
    with pytest.raises(Conflict, match="multiple matching manifests found but no specific"):
        place.push(name)
    place.push(name, platform=OTHER)
    assert registry.manifests["app", "1"] == registry.manifests["app", "of-1"]
    with pytest.raises(NotFound, match=r"does not provide the specified platform \(linux/vax\)"):
        place.push(name, platform="linux/vax")

    place.pull(f"{registry.host}/app@{index}")
    place.push(name)

    told = place.messages[-1]["aux"]
    assert told["manifestPushedInsteadOfIndex"] is True
    assert (told["originalIndex"]["digest"], told["selectedManifest"]["digest"]) == (
        index,
        digest(registry.manifests["app", "of-0"][1]),
    )
    assert registry.manifests["app", "1"] == registry.manifests["app", "of-0"]


def test_push_with_attestations_and_indexes_within(place: Place, registry: FakeRegistry) -> None:
    archive = archives.of_platforms(NAME, [HOST, OTHER], [BASE], more=True)
    members = archives.members(archive)
    (told,) = index_json(archive)
    data = json.loads(members[f"blobs/sha256/{told['digest'][7:]}"])
    data["manifests"].pop()  # all is here then
    inner = json.dumps(data).encode()
    outer = json.dumps({"manifests": [archives.descriptor(inner, INDEX)]}).encode()
    name = f"{registry.host}/app:1"
    annotations = {"io.containerd.image.name": name}
    index = {"manifests": [archives.descriptor(outer, INDEX) | {"annotations": annotations}]}
    members |= dict(map(archives.blob, (inner, outer)))
    members["index.json"] = json.dumps(index).encode()
    place.load(archives.files(members.items()))

    place.push(name)

    assert registry.manifests["app", "1"][1] == outer
    assert registry.manifests["app", digest(inner)][1] == inner
    attestation = data["manifests"][-1]
    (layer,) = json.loads(registry.manifests["app", attestation["digest"]][1])["layers"]
    assert registry.blobs["app", layer["digest"]] == b"{}"
    assert (
        place.images.manifests(place.images.get(name)).manifests[-1].attests
        == (data["manifests"][0]["digest"])
    )


def test_push_of_an_index_that_was_made_here(place: Place, registry: FakeRegistry) -> None:
    """Its layers go compressed: then manifests and index are others, and the names follow."""
    building = place.images.building
    found = {}
    for platform in (HOST, OTHER):
        config = {"architecture": platform.split("/")[1]}
        place.load(archives.old_docker_archive([BASE], ["one:1"], **config))
        image = place.images.get("one:1")
        found[platforms.parse(platform)] = NewImage(image.config, building.layers_of(image))
    name = f"{registry.host}/app:1"
    with building.adding():
        images = building.add_images(found, [references.parse(name)])
    before = place.images.get(name)
    place.images.tag(name, references.parse("other:1"))

    place.push(name)

    after = place.images.get(name)
    assert [one.id for one in after.of_all_platforms] == [*images.values()]
    assert after.indexes != before.indexes == (before.indexes[0],)
    assert place.images.get("other:1").indexes == after.indexes
    media_type, data = registry.manifests["app", "1"]
    assert (media_type, digest(data)) == (INDEX, *after.indexes)
    for entry, wanted in zip(json.loads(data)["manifests"], images, strict=True):
        assert entry["platform"] == wanted.to_wire()
        (layer,) = json.loads(registry.manifests["app", entry["digest"]][1])["layers"]
        assert gzip.decompress(registry.blobs["app", layer["digest"]]) == BASE
    place.push(name)
    assert place.images.get(name).indexes == after.indexes


# -- away -----------------------------------------------------------------------------------------


def test_all_platforms_go_with_the_last_name(place: Place, registry: FakeRegistry) -> None:
    before = place.files()
    name = add_several(registry, HOST, OTHER)
    for platform in (HOST, OTHER):
        place.pull(name, platform=platform)
    image = place.images.get(name)
    place.images.tag(name, references.parse("more:1"))

    assert remove(place, name) == [Untagged(references.parse(name)), Untagged(image.digests[0])]
    assert platforms_here(place.images.get("more:1")) == [HOST, OTHER]
    gone = remove(place, "more:1")

    assert gone[0] == Untagged(references.parse("more:1"))
    assert {Deleted(one.id) for one in image.of_all_platforms} < {*gone}
    assert place.files() == before


def test_one_platform_goes_alone(place: Place, registry: FakeRegistry) -> None:
    before = place.files()
    name = add_several(registry, OTHER, HOST)
    for platform in (HOST, OTHER):
        place.pull(name, platform=platform)
    own, other = place.images.get(name).of_all_platforms

    assert remove(place, name, HOST) == [Deleted(own.id)]  # the layers are the other's, too
    assert platforms_here(place.images.get(name)) == [OTHER]
    assert place.images.get(name).id == other.id
    place.pull(name)
    assert place.images.get(name).id == own.id
    assert remove(place, other.id) == [Deleted(other.id)]
    with pytest.raises(NotFound, match="does not match the specified platform"):
        remove(place, name, OTHER)
    # The last one goes with the name.
    assert remove(place, name, HOST)[0] == Untagged(references.parse(name))
    assert place.files() == before


def test_several_go_at_once(place: Place) -> None:
    before = place.files()
    place.load(archives.of_platforms(NAME, [OTHER, HOST, THIRD], [BASE]))
    assert len(remove(place, "app:1", OTHER, THIRD)) == 2
    assert platforms_here(place.images.get("app:1")) == [HOST]
    place.load(archives.of_platforms(NAME, [OTHER, HOST, THIRD], [BASE]))
    remove(place, place.images.get("app:1").id)
    assert place.files() == before


def test_what_containers_use_stays(place: Place) -> None:
    place.load(archives.of_platforms(NAME, [OTHER, HOST], [BASE]))
    own, other = place.images.get("app:1").of_all_platforms
    uses = {other.id: [Use("c1" * 32, is_running=False)]}

    def remove_used(name: str, *of: str, force: bool = False) -> list[Any]:
        wanted = [platforms.parse(one) for one in of]
        return place.images.remove(
            name, force=force, used_by=lambda one: uses.get(one, []), platforms=wanted
        )

    for words in (["app:1"], [own.id], ["app:1", OTHER], [other.id]):
        with pytest.raises(Conflict, match=f"container c1c1c1c1c1c1.*|{other.id[7:19]}"):
            remove_used(*words)
    uses[other.id] = [Use("c1" * 32, is_running=True)]
    with pytest.raises(Conflict, match="cannot be forced"):
        remove_used("app:1", OTHER, force=True)
    assert remove_used("app:1", force=True)[:2] == [
        Untagged(references.parse("app:1")),
        Deleted(own.id),
    ]
    assert place.images.get(other.id).references == ()


def test_a_name_that_means_it_alone_keeps_a_platform(place: Place) -> None:
    place.load(archives.of_platforms(NAME, [OTHER, HOST], [BASE]))
    own, other = place.images.get("app:1").of_all_platforms
    place.images.tag(other.id, references.parse("alone:1"))
    assert platforms_here(place.images.get("alone:1")) == [OTHER]
    with pytest.raises(Conflict, match="image is referenced as alone:1, too"):
        remove(place, "app:1", OTHER)
    gone = remove(place, "app:1")
    assert (Deleted(own.id) in gone, Deleted(other.id) in gone) == (True, False)


def test_an_index_that_is_lost(place: Place) -> None:
    """Its name means its image then, and the others have none."""
    place.load(archives.of_platforms(NAME, [OTHER, HOST], [BASE]))
    image = place.images.get("app:1")
    (place.root.images / "blobs/sha256" / image.indexes[0][7:]).unlink()
    assert any("is missing" in line for line in place.images.check(Checked()))

    place.reopen()

    assert platforms_here(place.images.get("app:1")) == [HOST]
    assert len(place.images.list()) == 3
