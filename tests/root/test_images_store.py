"""Images in a store of their own: import, get, tag, remove; and what a crash leaves."""

import contextlib
import gzip
import io
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.images import archives
from tests.images.archives import digest, directory, hard_link, member, symlink, tar
from tests.images.place import BASE, HELLO, TOP, Pipe, Place, check_manifest, no_containers

from seacan.elf.hello import GREETING
from seacan.errors import Conflict, InvalidArgument, NotFound
from seacan.images import platforms, references
from seacan.images.image import Deleted, Untagged, Use
from seacan.images.store import Store
from seacan.paths import DataRoot

pytestmark = pytest.mark.root


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.images.close()


def test_a_new_store_has_hello_world_once(place: Place) -> None:
    image = place.images.get("hello-world")
    assert image.architecture == platforms.host().architecture
    assert image.execution["Cmd"] == ["/hello"]
    (lower,) = place.images.snapshots.lower_directories(image)
    assert os.access(lower / "hello", os.X_OK)
    assert GREETING.encode() in (lower / "hello").read_bytes()
    place.images.remove(HELLO, force=False, used_by=no_containers)
    place.reopen()
    assert place.images.list() == []


def test_a_layer_of_the_build_cache_is_of_no_image(place: Place) -> None:
    place.load(archives.old_docker_archive([BASE], ["base:1"]))
    own = place.images.get(HELLO).size_bytes
    (layer,) = place.images.get("base:1").layers
    with place.images._store.database.transaction() as sql:
        sql.execute("INSERT INTO build_results VALUES ('k', '', '', ?, NULL, 0, 0, 0, 0)", (layer,))
    assert place.images.layers_size_bytes() == 4 + own
    place.images.remove("base:1", force=False, used_by=no_containers)
    assert place.images.layers_size_bytes() == own
    assert place.images.layers_size_bytes(with_cache=True) == 4 + own


def test_a_layer_of_two_images_is_stored_once(place: Place) -> None:
    place.load(archives.old_docker_archive([BASE], ["base:1"]))
    place.load(archives.old_docker_archive([BASE, TOP], ["top:1"]))
    base, top = place.images.get("base:1"), place.images.get("top:1")
    assert base.layers == top.layers[:1]
    assert place.images.layers_size_bytes() == 8 + place.images.get(HELLO).size_bytes
    gone = place.images.remove("top:1", force=False, used_by=no_containers)
    assert gone == [
        Untagged(references.parse("top:1")),
        Deleted(top.id),
        Deleted(archives.top_chain_id([BASE, TOP])),
    ]
    (lower,) = place.images.snapshots.lower_directories(base)
    assert (lower / "etc/name").exists()


def test_an_image_whose_name_is_taken_stays_without(place: Place) -> None:
    place.load(archives.old_docker_archive([BASE], ["app:1"]))
    before = place.images.get("app:1")
    lines = place.load(archives.old_docker_archive([TOP], ["app:1"]))
    assert lines == [
        f"The image app:1 already exists, renaming the old one with ID {before.id} to empty string",
        "Loaded image: app:1",
    ]
    assert place.images.get(before.id).references == ()
    assert place.images.get("app:1").id != before.id


def test_loading_again_changes_nothing(place: Place) -> None:
    archive = archives.old_docker_archive([BASE], ["app:1"])
    place.load(archive)
    before = place.files()
    assert place.load(archive) == ["Loaded image: app:1"]
    assert place.files() == before


def test_import(place: Place) -> None:
    image_id = place.images.import_rootfs(
        Pipe(gzip.compress(BASE)),  # type: ignore[arg-type]
        reference=references.parse_tagged("app", ""),
        config={"Cmd": ["a"], "Env": ["b=c"]},
        message="Imported from -",
        platform=platforms.parse("linux/arm/v7"),
    )
    image = place.images.get("app")
    assert image.id == image_id
    assert image.execution == {"Cmd": ["a"], "Env": ["b=c"]}
    assert (image.os, image.architecture, image.variant) == ("linux", "arm", "v7")
    assert image.config["comment"] == "Imported from -"
    assert image.diff_ids == [digest(BASE)]
    check_manifest(place, image)


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"junk", "malformed tar archive"),
        (BASE[:600], "it ends within a header"),
        (tar([member("../x", b"")]), "is outside of the root"),
    ],
)
def test_a_bad_import_leaves_nothing(place: Place, archive: bytes, message: str) -> None:
    before = place.files()
    with pytest.raises(InvalidArgument, match=message):
        place.images.import_rootfs(io.BytesIO(archive), reference=None, config={}, message="")
    assert place.files() == before


def test_get(place: Place) -> None:
    image = place.images.get("hello-world")
    digits = image.id.removeprefix("sha256:")
    for name in (image.id, digits, digits[:12], digits[:4], f"sha256:{digits[:7]}", HELLO,
                 "docker.io/library/hello-world"):  # fmt: skip
        assert place.images.get(name) == image


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nosuch", "No such image: nosuch:latest"),
        ("nosuch:1", "No such image: nosuch:1"),
        ("hello-world:1", "No such image: hello-world:1"),
        ("deadbeefdead", "No such image: deadbeefdead:latest"),
        ("sha256:zz", "No such image: sha256:zz"),
        ("0" * 64, "No such image: sha256:" + "0" * 64),
        ("sha256:" + "0" * 64, "No such image: sha256:" + "0" * 64),
        ("x@sha256:" + "0" * 64, "No such image: x@sha256:" + "0" * 64),
    ],
)
def test_what_is_not_there(place: Place, name: str, message: str) -> None:
    with pytest.raises(NotFound) as caught:
        place.images.get(name)
    assert str(caught.value) == message


def test_the_start_of_two_ids_is_none(place: Place) -> None:
    for number in range(20):
        place.load(archives.old_docker_archive([], comment=str(number)))
    starts = [image.id[7] for image in place.images.list()]
    shared = next(digit for digit in starts if starts.count(digit) > 1)
    with pytest.raises(NotFound, match=f"No such image: {shared}:latest"):
        place.images.get(shared)


def test_tag_and_untag(place: Place) -> None:
    image = place.images.get(HELLO)
    place.images.tag("hello-world", references.parse_tagged("greeting", "v1"))
    assert place.names() == ["greeting:v1", HELLO]
    assert place.images.get("greeting:v1").id == image.id
    gone = place.images.remove("hello-world", force=False, used_by=no_containers)
    assert gone == [Untagged(references.parse(HELLO))]
    assert place.names() == ["greeting:v1"]
    with pytest.raises(NotFound, match="No such image: nosuch:latest"):
        place.images.tag("nosuch", references.parse("x:y"))


def test_layers_of_a_container_outlive_their_image(place: Place) -> None:
    image = place.images.get(HELLO)
    place.images.snapshots.hold("c1", image)
    stopped = [Use("c1", is_running=False)]
    with pytest.raises(Conflict, match=r"must force\) - container c1 is using"):
        place.images.remove(HELLO, force=False, used_by=lambda _: stopped)
    gone = place.images.remove(HELLO, force=True, used_by=lambda _: stopped)
    assert gone == [Untagged(references.parse(HELLO)), Deleted(image.id)]
    place.reopen()
    (lower,) = place.images.snapshots.held_directories("c1")
    assert (lower / "hello").exists()
    place.images.snapshots.release("c1")
    place.images.collect()
    assert place.files() == set()


def test_a_container_cannot_hold_an_image_that_is_gone(place: Place) -> None:
    image = place.images.get(HELLO)
    place.images.remove(HELLO, force=False, used_by=no_containers)
    with pytest.raises(NotFound, match="No such image: sha256:"):
        place.images.snapshots.hold("c1", image)


def test_removal_leaves_nothing(place: Place) -> None:
    place.images.remove(HELLO, force=False, used_by=no_containers)
    place.load(archives.old_docker_archive([BASE, TOP], ["app:1"]))
    place.images.remove("app:1", force=False, used_by=no_containers)
    assert place.files() == set()


def test_sizes_are_what_the_files_take(place: Place) -> None:
    layer = tar(
        [
            directory("d"),
            member("d/f", b"x" * 5000),
            hard_link("d/g", "d/f"),
            symlink("l", "d/f"),
            member("d/.wh.gone", b""),
        ]
    )
    place.load(archives.old_docker_archive([BASE, layer], ["app:1"]))
    place.load(archives.old_docker_archive([BASE, TOP], ["app:2"]))
    sizes = {
        (status.st_dev, status.st_ino): status.st_size
        for path in place.root.layers.rglob("*")
        if not stat.S_ISDIR((status := path.lstat()).st_mode)
    }
    assert place.images.layers_size_bytes() == sum(sizes.values())
    assert place.images.get("app:1").size_bytes == 4 + 5000 + len("d/f")
    for name in ("app:1", "app:2", HELLO):
        place.images.remove(name, force=False, used_by=no_containers)
    assert place.images.layers_size_bytes() == 0


def test_what_a_crash_left_is_collected_at_the_start(place: Place) -> None:
    before = place.files()
    layers, images = place.root.layers, place.root.images
    (layers / ".new-x/fs/etc").mkdir(parents=True)
    (layers / ".gone-1/fs").mkdir(parents=True)
    (layers / "99/fs").mkdir(parents=True)  # renamed, and its row not committed
    (images / "ingest/x").mkdir()
    (images / "ingest/x/0").write_bytes(b"half")
    (images / "blobs/sha256" / ("0" * 64)).write_bytes(b"of an image that was not committed")
    place.reopen()
    assert place.files() == before
    place.load(archives.old_docker_archive([BASE], ["app:1"]))
    assert place.images.snapshots.lower_directories(place.images.get("app:1"))[0].is_dir()


def test_a_directory_that_a_failed_commit_left_is_replaced(place: Place) -> None:
    for number in range(2, 5):
        (place.root.layers / f"{number}/fs/old").mkdir(parents=True)
    place.load(archives.old_docker_archive([BASE], ["app:1"]))
    (lower,) = place.images.snapshots.lower_directories(place.images.get("app:1"))
    assert os.listdir(lower) == ["etc"]


def test_what_is_on_its_way_in_is_not_collected(tmp_path: Path) -> None:
    store = Store(DataRoot(tmp_path))
    with contextlib.closing(store):
        with store.adding():
            digest = store.blobs.write(b"cargo")
            with store.adding():
                layer = store.layers.add("sha256:chain", archives.digest(BASE), io.BytesIO(BASE))
            store.collect()
            assert store.blobs.has(digest)
            assert store.layers.path(layer.number).is_dir()
        assert store.blobs.digests() == set()
        assert os.listdir(tmp_path / "layers") == []


def test_an_image_whose_layer_is_lost_is_not_listed(place: Place) -> None:
    place.load(archives.old_docker_archive([BASE], ["app:1"]))
    (number,) = place.images.get("app:1").layers
    (place.root.layers / str(number)).rename(place.root.path / "lost")
    place.reopen()
    assert place.names() == [HELLO]


def test_loads_of_the_same_layers_at_once(place: Place) -> None:
    layers = [tar([member(f"{n}/{i}", b"x" * 100) for i in range(200)]) for n in range(3)]
    errors: list[BaseException] = []

    def load(number: int) -> None:
        archive = archives.old_docker_archive(layers, [f"app:{number}"], comment=str(number))
        try:
            place.images.load(Pipe(archive), lambda _: None)  # type: ignore[arg-type]
            if number % 2:
                place.images.remove(f"app:{number}", force=False, used_by=no_containers)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    images = [image for image in place.images.list() if image.references[0].tag != "latest"]
    assert len(images) == 4
    assert len({image.layers for image in images}) == 1
    for lower in place.images.snapshots.lower_directories(images[0]):
        assert len(list(lower.rglob("*"))) == 201
    assert len([name for name in place.files() if name.startswith("layers/")]) == 4


def test_two_stores_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = Place(tmp_path / "a"), Place(tmp_path / "b")
    with contextlib.closing(first.images), contextlib.closing(second.images):
        first.load(archives.old_docker_archive([BASE], ["app:1"]))
        assert second.names() == [HELLO]


def test_overlayfs_shows_what_the_layers_mean(place: Place, tmp_path: Path) -> None:
    lower = tar(
        [member(f"{d}/{n}", b"") for d in ("kept", "cleared", "remade", "gone") for n in "ab"]
    )
    upper = tar(
        [
            member("kept/.wh.a", b""),
            member("kept/c", b""),
            member("cleared/.wh..wh..opq", b""),
            member("cleared/c", b""),
            member(".wh.remade", b""),
            directory("remade"),
            member("remade/c", b""),
            member(".wh.gone", b""),
        ]
    )
    place.load(archives.old_docker_archive([lower, upper], ["app:1"]))
    lowers = place.images.snapshots.lower_directories(place.images.get("app:1"))
    union = tmp_path / "union"
    union.mkdir()
    options = "lowerdir=" + ":".join(map(str, lowers))
    script = 'mount -t overlay overlay -o "$0" "$1" && cd "$1" && find . -type f | sort'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, options, union],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["./cleared/c", "./kept/b", "./kept/c", "./remade/c"]
