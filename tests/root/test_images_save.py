"""save: an archive that is docker save's and an OCI layout, and comes back as it went."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.images import archives
from tests.images.archives import members
from tests.images.place import BASE, HELLO, TOP, Place, check_manifest, no_containers

from seacan.errors import NotFound
from seacan.images import platforms, references

pytestmark = pytest.mark.root

EPOCH_2026 = 1767225600


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "one").mkdir()
    place = Place(tmp_path / "one")
    place.load(archives.old_docker_archive([BASE], ["base:1", "base:2"]))
    place.load(archives.oci_archive([gzip.compress(BASE), TOP]))
    yield place
    place.images.close()


def save(place: Place, *names: str) -> bytes:
    with place.images.saving(names) as pieces:
        return b"".join(pieces)


def unnamed(place: Place) -> str:
    return next(image.id for image in place.images.list() if not image.references)


def test_both_forms(place: Place) -> None:
    image = place.images.get("base:1")
    found = members(save(place, "base:1"))
    path = f"blobs/sha256/{image.id[7:]}"
    (entry,) = json.loads(found["manifest.json"])
    (layer,) = entry["Layers"]
    assert (entry["Config"], entry["RepoTags"]) == (path, ["base:1"])
    assert entry["LayerSources"][image.diff_ids[0]]["digest"] == archives.digest(found[layer])
    (manifest,) = json.loads(found["index.json"])["manifests"]
    assert manifest["digest"] == image.manifest_digest
    assert manifest["annotations"] == {
        "io.containerd.image.name": "docker.io/library/base:1",
        "org.opencontainers.image.ref.name": "1",
    }
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    assert json.loads(found["repositories"]) == {"base": {"1": layer.split("/")[-1]}}
    for name, content in found.items():
        if name.count("/") == 2:
            assert archives.digest(content) == f"sha256:{name.split('/')[-1]}"


def test_names(place: Place) -> None:
    no_name = unnamed(place)
    found = members(save(place, "base", no_name[7:19], HELLO, place.images.get(HELLO).id))
    entries = json.loads(found["manifest.json"])
    assert [entry["RepoTags"] for entry in entries] == [["base:1", "base:2"], None, [HELLO]]
    assert len(json.loads(found["index.json"])["manifests"]) == 4
    assert "repositories" not in members(save(place, no_name))


def test_the_same_images_give_the_same_bytes(place: Place) -> None:
    archive = save(place, "base:2", unnamed(place))
    assert save(place, "base:2", unnamed(place)) == archive
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        times = {member.name: member.mtime for member in opened.getmembers()}
    assert times.pop(f"blobs/sha256/{place.images.get('base:1').id[7:]}") == EPOCH_2026
    assert times["index.json"] == 0


def test_it_comes_back_with_all_digests(place: Place, tmp_path: Path) -> None:
    names = ["base:1", "base:2", HELLO, unnamed(place)]
    archive = save(place, *names)
    (tmp_path / "other").mkdir()
    other = Place(tmp_path / "other")
    other.images.remove(HELLO, force=True, used_by=no_containers)
    other.load(archive)
    for name in names:
        image, again = place.images.get(name), other.images.get(name)
        assert (again.id, again.manifest_digest) == (image.id, image.manifest_digest)
        check_manifest(other, again)
    assert save(other, *names) == archive
    other.images.close()


def test_what_is_saved_is_kept_meanwhile(place: Place) -> None:
    whole = save(place, "base")
    with place.images.saving(["base"]) as pieces:
        first = next(pieces)
        for name in ("base:1", "base:2"):
            place.images.remove(name, force=True, used_by=no_containers)
        assert first + b"".join(pieces) == whole
    assert len(place.files()) == 3 + 4 + 3  # blobs and layers of the two that are left


def test_refusals(place: Place) -> None:
    with pytest.raises(NotFound, match=r"No such image: nope$"):
        save(place, "base:1", "nope")
    with (
        pytest.raises(NotFound, match="no suitable export target found for platform linux/vax"),
        place.images.saving(["base:1"], [platforms.parse("linux/vax")]),
    ):
        pass


def test_of_nothing_it_is_empty(place: Place) -> None:
    found = members(save(place))
    assert {*found} == {"index.json", "manifest.json", "oci-layout"}


def test_a_layer_that_two_images_have_in_two_forms(place: Place) -> None:
    """The compressed one is of the second image, and the unpacked layer is of both."""
    one, other = place.images.get("base:1"), place.images.get(unnamed(place))
    assert one.layers[0] == other.layers[0]
    found = members(save(place, "base:1", other.id))
    layers = [entry["Layers"][0] for entry in json.loads(found["manifest.json"])]
    assert found[layers[0]] == gzip.decompress(found[layers[1]])


def test_a_digest_is_no_name(place: Place) -> None:
    image = place.images.get("base:1")
    digest = f"base@{image.manifest_digest}"
    with place.images._store.database.transaction() as sql:
        sql.execute(
            "INSERT INTO image_references VALUES (?, ?, 0)",
            (f"docker.io/library/{digest}", image.id),
        )
    assert references.parse(digest) in place.images.get("base:1").digests
    (entry,) = json.loads(members(save(place, digest))["manifest.json"])
    assert entry["RepoTags"] is None
