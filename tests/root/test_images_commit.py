"""commit: an image of another one and a layer more."""

import io
import json
from pathlib import Path

import pytest
from tests.images import archives
from tests.images.place import BASE, HELLO, Place, check_manifest, no_containers

from seacan.errors import Conflict, Internal
from seacan.images import references
from seacan.images.commit import Commit
from seacan.images.image import Deleted, Untagged, Use
from seacan.images.streams import EndChecked

pytestmark = pytest.mark.root

LAYER = archives.tar(
    [
        archives.member("f", b"content", mode=0o4711, uid=5, gid=6),
        archives.hard_link("g", "f"),
        archives.member("etc/.wh.name", b""),
    ]
)
EMPTY = bytes(1024)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.load(archives.old_docker_archive([BASE], ["base:1"]))
    return place


def wanted(name: str = "made:1", comment: str = "") -> Commit:
    return Commit(
        config={"Cmd": ["x"], "Labels": {"a": "b"}},
        command=["sh", "-c", "y"],
        author="me",
        comment=comment,
        reference=references.parse_tagged(name, ""),
    )


def test_the_image_has_the_layers_below_and_one_more(place: Place) -> None:
    base = place.images.get("base:1")
    image_id = place.images.commit(base, io.BytesIO(LAYER), wanted(comment="why"))
    image = place.images.get("made:1")
    check_manifest(place, image)
    assert (image.id, image.parent) == (image_id, base.id)
    assert image.diff_ids == [*base.diff_ids, archives.digest(LAYER)]
    assert image.execution == {"Cmd": ["x"], "Labels": {"a": "b"}}
    entry = (image.config.get("history") or [])[-1]
    assert {**entry, "created": ""} == {
        "created": "", "created_by": "sh -c y", "author": "me", "comment": "why",
    }  # fmt: skip
    top, _ = place.images.snapshots.lower_directories(image)
    status = (top / "f").stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_nlink) == (0o4711, 5, 2)


def test_nothing_changed_is_no_layer(place: Place) -> None:
    base = place.images.get("base:1")
    place.images.commit(base, io.BytesIO(EMPTY), wanted())
    image = place.images.get("made:1")
    check_manifest(place, image)
    assert (image.diff_ids, image.layers) == (base.diff_ids, base.layers)
    assert (image.config.get("history") or [])[-1].get("empty_layer") is True


def test_a_layer_that_breaks_off_makes_no_image(place: Place) -> None:
    def fail() -> None:
        raise Internal("the worker was killed")

    before = place.files()
    base = place.images.get("base:1")
    with pytest.raises(Internal, match="killed"):
        place.images.commit(base, EndChecked(io.BytesIO(LAYER), fail), wanted())
    place.images.collect()
    assert (place.files(), "made:1" in place.names()) == (before, False)


def test_a_parent_without_a_name_goes_with_its_last_child(place: Place) -> None:
    base = place.images.get("base:1")
    child_ids = [
        place.images.commit(base, io.BytesIO(LAYER), wanted(f"made:{number}", comment=f"{number}"))
        for number in range(2)
    ]
    place.reopen()
    untagged = place.images.remove("base:1", force=True, used_by=no_containers)
    assert untagged == [Untagged(references.parse("base:1"))]
    with pytest.raises(Conflict, match="has dependent child images"):
        place.images.remove(base.id, force=True, used_by=no_containers)
    assert Deleted(base.id) not in place.images.remove(
        child_ids[0], force=False, used_by=no_containers
    )
    assert place.images.get("made:1").parent == base.id
    gone = place.images.remove("made:1", force=False, used_by=no_containers)
    assert [one for one in gone if isinstance(one, Deleted)][::2] == [
        Deleted(child_ids[1]),
        Deleted(base.id),
    ]
    assert [image.id for image in place.images.list()] == [place.images.get(HELLO).id]


def test_parents_stay_if_told_or_used(place: Place) -> None:
    base = place.images.get("base:1")
    for number in range(2):
        place.images.commit(base, io.BytesIO(LAYER), wanted(comment=f"{number}"))
        if not number:
            place.images.remove("made:1", force=False, used_by=no_containers, prune_parents=False)
    place.images.remove("base:1", force=False, used_by=no_containers)
    uses = [Use("c1", is_running=False)]
    place.images.remove(
        "made:1", force=False, used_by=lambda image_id: uses if image_id == base.id else []
    )
    assert place.images.get(base.id).references == ()


def test_it_comes_back_by_our_own_loader(place: Place, tmp_path: Path) -> None:
    image_id = place.images.commit(place.images.get("base:1"), io.BytesIO(LAYER), wanted())
    blobs = place.root.images / "blobs/sha256"
    manifest = (blobs / place.images.get(image_id).manifest_digest[7:]).read_bytes()
    names = [entry["digest"] for entry in json.loads(manifest)["layers"]]
    index = {
        "schemaVersion": 2,
        "manifests": [archives.descriptor(manifest, "application/vnd.oci.image.manifest.v1+json")],
    }
    members = [
        ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        ("index.json", json.dumps(index).encode()),
        archives.blob(manifest),
        *(archives.blob((blobs / name[7:]).read_bytes()) for name in [image_id, *names]),
    ]
    (tmp_path / "other").mkdir()
    other = Place(tmp_path / "other")
    assert other.load(archives.files(members)) == [f"Loaded image ID: {image_id}"]
    top, _ = other.images.snapshots.lower_directories(other.images.get(image_id))
    assert (top / "g").read_bytes() == b"content"
