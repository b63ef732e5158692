"""load: archives of docker save and OCI layouts; malformed ones leave nothing."""

import bz2
import gzip
import json
import lzma
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.images import archives
from tests.images.archives import digest, directory, files, member, symlink, tar, zstd
from tests.images.busybox import busybox_archive
from tests.images.place import BASE, HELLO, TOP, Pipe, Place, check_manifest

from seacan.errors import InvalidArgument
from seacan.images import platforms

pytestmark = pytest.mark.root


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.images.close()


@pytest.mark.parametrize("wrap", [bytes, gzip.compress, zstd.compress, lzma.compress, bz2.compress])
@pytest.mark.parametrize("inner", [bytes, gzip.compress, zstd.compress, lzma.compress])
def test_load_of_dockers_old_form(
    place: Place, wrap: Callable[[bytes], bytes], inner: Callable[[bytes], bytes]
) -> None:
    layers = [BASE, TOP]
    document = archives.config(layers)
    stored = [inner(layer) for layer in layers]
    entry = {"Config": "c.json", "RepoTags": ["app:1", "app:2"], "Layers": ["0/layer", "1/layer"]}
    archive = files(
        [
            ("manifest.json", json.dumps([entry]).encode()),
            ("1/layer", stored[1]),
            ("c.json", document),
            ("0/layer", stored[0]),
        ]
    )
    assert place.load(wrap(archive)) == ["Loaded image: app:1", "Loaded image: app:2"]
    image = place.images.get("app:1")
    assert image.id == digest(document)
    assert image.size_bytes == 8
    top, base = place.images.snapshots.lower_directories(image)
    assert (base / "etc/name").read_text() == "base"
    assert (top / "etc/name").is_char_device()
    assert place.images.get("app:2") == image
    check_manifest(place, image)


@pytest.mark.parametrize(
    ("annotations", "line"),
    [
        ({"io.containerd.image.name": "docker.io/library/app:1"}, "Loaded image: app:1"),
        ({"org.opencontainers.image.ref.name": "quay.io/a/b"}, "Loaded image: quay.io/a/b:latest"),
        ({"org.opencontainers.image.ref.name": "latest"}, None),
        ({}, None),
    ],
)
def test_load_of_an_oci_layout(place: Place, annotations: dict[str, str], line: str | None) -> None:
    archive = archives.oci_archive([BASE, TOP], annotations)
    image_id = digest(archives.config([BASE, TOP]))
    assert place.load(archive) == [line or f"Loaded image ID: {image_id}"]
    check_manifest(place, place.images.get(image_id))


def test_load_of_an_index_takes_this_machines_image(place: Place) -> None:
    members = archives.oci_members([BASE], architecture=platforms.host().architecture)
    (manifest,) = json.loads(members[-1][1])["manifests"]
    other = archives.descriptor(b"other", "application/vnd.oci.image.manifest.v1+json")
    host = {"os": "linux", "architecture": platforms.host().architecture}
    index = {
        "manifests": [
            other | {"platform": {"os": "linux", "architecture": "vax"}},
            manifest | {"platform": host},
        ]
    }
    inner = json.dumps(index).encode()
    outer = {
        "manifests": [
            archives.descriptor(inner, "application/vnd.oci.image.index.v1+json")
            | {"annotations": {"io.containerd.image.name": "docker.io/library/app:1"}}
        ]
    }
    archive = files(
        [*members[:-1], archives.blob(inner), ("index.json", json.dumps(outer).encode())]
    )
    assert place.load(archive) == ["Loaded image: app:1"]


def test_load_of_busybox_keeps_its_manifest(place: Place, tmp_path: Path) -> None:
    archive = busybox_archive(tmp_path / "busybox.tar").read_bytes()
    assert place.load(archive) == ["Loaded image: busybox:latest"]
    progress = [m for m in place.messages if "progressDetail" in m]
    assert progress[-1]["status"] == "Loading layer"
    detail = progress[-1]["progressDetail"]
    assert detail["current"] == detail["total"] > 2_000_000
    image = place.images.get("busybox")
    assert image.manifest_digest.removeprefix("sha256:").encode() in archive
    (lower,) = place.images.snapshots.lower_directories(image)
    assert os.readlink(lower / "bin/sh") == "busybox"
    assert (lower / "tmp").stat().st_mode & 0o7777 == 0o1777


def test_layers_under_links_as_old_archives_have_them(place: Place) -> None:
    entry = {"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["a/layer.tar", "b/layer.tar"]}
    archive = tar(
        [
            member("a/layer.tar", BASE),
            symlink("b/layer.tar", "../a/layer.tar"),
            member("c.json", archives.config([BASE, BASE])),
            member("manifest.json", json.dumps([entry]).encode()),
        ]
    )
    assert place.load(archive) == ["Loaded image: app:1"]
    assert len(place.images.get("app:1").layers) == 2


def test_a_layer_that_is_here_may_be_missing(place: Place) -> None:
    """docker-squash sends the layers alone that it has made, with the names of the others."""
    place.load(archives.oci_archive([gzip.compress(BASE)]))
    entry = {"Config": "c.json", "RepoTags": ["app:2"], "Layers": ["blobs/sha256/0", "1/layer"]}
    archive = files(
        [
            ("manifest.json", json.dumps([entry]).encode()),
            ("c.json", archives.config([BASE, TOP])),
            ("1/layer", TOP),
        ]
    )
    assert place.load(archive) == ["Loaded image: app:2"]
    check_manifest(place, place.images.get("app:2"))


OTHER = archives.config([TOP])
PACKED = gzip.compress(BASE)
# Of a layer as it comes, where that of what is in it is wanted.
PACKED_DIFF_ID = OTHER.replace(digest(TOP).encode(), digest(PACKED).encode())
ONE_LAYER = b'[{"Config": "c", "Layers": ["l"]}]'


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"", "neither manifest.json nor index.json"),
        (b"junk", "malformed tar archive: it ends within a header"),
        (random.Random(1).randbytes(9) + b"x" * 991, "malformed tar archive"),
        (gzip.compress(b"junk", mtime=0), "malformed tar archive"),
        (gzip.compress(BASE)[:-9], "malformed gzip stream"),
        (BASE, "neither manifest.json nor index.json"),
        (archives.old_docker_archive([BASE])[:2000], "it ends within a member"),
        (files([("manifest.json", b"{}")]), "invalid manifest.json"),
        (files([("manifest.json", b"null")]), "invalid manifest.json"),
        (files([("manifest.json", b'[{"Config": "c"}]')]), "does not contain 'c'"),
        (files([("manifest.json", b'[{"Config": "../../etc/passwd"}]')]), "does not contain"),
        (tar([symlink("manifest.json", "/etc/passwd")]), "neither manifest.json nor index.json"),
        (tar([directory("manifest.json")]), "neither manifest.json nor index.json"),
        (
            files([("manifest.json", b'[{"Config": "c", "Layers": []}]'), ("c", OTHER)]),
            "layers length mismatch: expected 0, got 1",
        ),
        (files([("manifest.json", ONE_LAYER), ("c", OTHER)]), "does not contain 'l'"),
        (
            files(
                [("manifest.json", ONE_LAYER), ("c", OTHER), ("l", BASE)]
            ),
            f"expected diff id {digest(TOP)}, got {digest(BASE)}",
        ),
        (
            files(
                [("manifest.json", ONE_LAYER), ("c", PACKED_DIFF_ID), ("l", PACKED)]
            ),
            f"expected diff id {digest(PACKED)}, got {digest(BASE)}",
        ),
        (archives.old_docker_archive([b"x" * 1024]), "malformed tar archive: bad checksum"),
        (archives.old_docker_archive([tar([member("../x", b"")])]), "is outside of the root"),
        (archives.old_docker_archive([BASE, b"x" * 600]), "malformed tar archive"),
        (archives.old_docker_archive([BASE], ["Bad"]), "must be lowercase"),
        (archives.old_docker_archive([BASE], ["app"]), 'invalid tag "app"'),
        (archives.old_docker_archive([BASE], os="windows"), "cannot load windows image on linux"),
        (
            files(archives.oci_members([])[-1:]),
            "does not contain 'blobs/sha256/",
        ),
        (
            files((n, d + b" " * (n[0] == "b")) for n, d in archives.oci_members([BASE])),
            "has digest sha256:",
        ),
        (
            files(
                [
                    (n, d.replace(b'"size": ', b'"size": 1') if n == "index.json" else d)
                    for n, d in archives.oci_members([BASE])
                ]
            ),
            "its descriptor says",
        ),
        (files([("manifest.json", b"[" + b" " * (4 << 20) + b"]")]), "longer than 4194304 bytes"),
    ],
)  # fmt: skip
def test_a_malformed_archive_is_refused_and_leaves_nothing(
    place: Place, archive: bytes, message: str
) -> None:
    before = place.files()
    with pytest.raises(InvalidArgument) as caught:
        place.load(archive)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert place.names() == [HELLO]
    assert place.files() == before


def test_too_many_layers_are_refused_before_one_is_unpacked(place: Place) -> None:
    """A config of a few hundred KiB names thousands, for one file of the archive."""
    document = archives.config([TOP] * 126)
    entry = {"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["0/layer"] * 126}
    manifest = ("manifest.json", json.dumps([entry]).encode())
    with pytest.raises(InvalidArgument, match="max depth exceeded"):
        place.load(files([manifest, ("c.json", document), ("0/layer", TOP)]))
    assert place.messages == []


def bomb_of_entries() -> bytes:
    """8 MiB of which a thousand images come, each with a config of 4 MiB."""
    config = archives.config([BASE], comment="x" * ((4 << 20) - 1000))
    entries = json.dumps([{"Config": "c", "Layers": ["l"]}] * 1000)
    return files([("manifest.json", entries.encode()), ("c", config), ("l", BASE)])


def bomb_of_indexes() -> bytes:
    """1 MiB: each index names the next one, and the last one an image, 100 times."""
    (*blobs, (_, index)) = archives.oci_members([BASE], comment="x" * (1 << 20))
    (described,) = json.loads(index)["manifests"]
    for _ in range(4):
        document = json.dumps({"schemaVersion": 2, "manifests": [described] * 100}).encode()
        blobs.append(archives.blob(document))
        described = archives.descriptor(document, "application/vnd.oci.image.index.v1+json")
    whole = json.dumps({"schemaVersion": 2, "manifests": [described]}).encode()
    return files([*blobs, ("index.json", whole)])


@pytest.mark.parametrize("bomb", [bomb_of_entries, bomb_of_indexes])
def test_documents_that_name_one_another_without_end_are_refused(
    place: Place, bomb: Callable[[], bytes]
) -> None:
    """They filled the memory: of each image, its config is kept until all are there."""
    before = place.files()
    with pytest.raises(InvalidArgument, match="each counted as often as it is named"):
        place.load(bomb())
    assert place.files() == before


def test_an_upload_that_breaks_off_leaves_nothing(place: Place) -> None:
    class Broken(Pipe):
        def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
            if count := super().readinto(buffer):
                return count
            raise ConnectionResetError(104, "connection reset by peer")

    before = place.files()
    archive = archives.old_docker_archive([BASE])[:3000]
    with pytest.raises(ConnectionResetError):
        place.images.load(Broken(archive), print)  # type: ignore[arg-type]
    assert place.files() == before


def test_one_bad_image_keeps_the_others_out(place: Place) -> None:
    entries = [
        {"Config": "good", "RepoTags": ["good:1"], "Layers": ["base"]},
        {"Config": "bad", "RepoTags": ["bad:1"], "Layers": ["base"]},
    ]
    contents = [
        ("manifest.json", json.dumps(entries).encode()),
        ("good", archives.config([BASE])),
        ("bad", archives.config([TOP])),
        ("base", BASE),
    ]
    before = place.files()
    with pytest.raises(InvalidArgument, match="expected diff id"):
        place.load(files(contents))
    assert place.names() == [HELLO]
    assert place.files() == before
