"""The check of a store: silent on a whole one, and outspoken on each kind of damage."""

import contextlib
import gzip
import os
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.images import archives
from tests.images.archives import directory, hard_link, member, symlink, tar
from tests.images.place import Place, no_containers

from seacan.images.check import Checked, check
from seacan.images.store import Store

pytestmark = pytest.mark.root

LOWER = tar(
    [
        directory("d", mode=0o2750, uid=1, gid=2, mtime=1.5),
        member("d/file", b"content", mode=0o4711, uid=70000, mtime=1700000000.123456),
        hard_link("d/other", "d/file"),
        symlink("s", "d"),
        member("s/through", b"a link"),
        member("implied/deep/file", b""),
        member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        member("fifo", type=tarfile.FIFOTYPE, mode=0o600),
        member("capable", b"x", pax_headers={"SCHILY.xattr.user.a": "b"}),
        directory("gone"),
        member("gone/below", b""),
        member("gone", b"a file now"),
        member("twice", b"first"),
        member("twice", b"second"),
    ]
)
UPPER = tar(
    [
        directory("d"),
        member("d/.wh.file", b""),
        directory("opaque"),
        member("opaque/.wh..wh..opq", b""),
        member(".wh.null", b""),
        directory("again"),
        member(".wh.again", b""),
        member(".wh..wh.aufs", b""),
    ]
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.load(archives.old_docker_archive([LOWER, gzip.compress(UPPER)], ["app:1"]))
    yield place
    place.images.close()


def problems(place: Place) -> list[str]:
    return list(place.images.check(Checked()))


def test_a_whole_store(place: Place) -> None:
    checked = Checked()
    assert list(place.images.check(checked)) == []
    assert checked == Checked(blobs=3 + 4, layers=3, images=2, references=2)


def lower(place: Place) -> Path:
    return place.images.snapshots.lower_directories(place.images.get("app:1"))[1]


def upper(place: Place) -> Path:
    return place.images.snapshots.lower_directories(place.images.get("app:1"))[0]


def rewrite(path: Path, content: bytes) -> None:
    times = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_mtime_ns, times.st_mtime_ns))


DAMAGE: list[tuple[Callable[[Place], object], str]] = [
    (lambda p: rewrite(lower(p) / "d/file", b"CONTENT"), "'d/file' has another content"),
    (lambda p: rewrite(lower(p) / "d/file", b"longer content"), "'d/file' has another size"),
    (lambda p: (lower(p) / "d/through").unlink(), "'d/through' is missing"),
    (lambda p: (lower(p) / "more").touch(), "'more' is not in the archive"),
    (lambda p: (lower(p) / "d").chmod(0o700), "'d' has another mode"),
    (lambda p: os.chown(lower(p) / "d", 5, 2), "'d' has another owner"),
    (lambda p: os.utime(lower(p) / "gone"), "'gone' has another time"),
    (lambda p: os.removexattr(lower(p) / "capable", "user.a"), "another attribute user.a"),
    (lambda p: os.removexattr(upper(p) / "opaque", "trusted.overlay.opaque"), "what it hides"),
    (lambda p: os.setxattr(upper(p) / "d", "trusted.overlay.opaque", b"y"), "what it hides"),
    (lambda p: relink(lower(p) / "s"), "'s' has another target"),
    (lambda p: remake(lower(p) / "null", stat.S_IFCHR, 1, 5), "another device number"),
    (lambda p: remake(lower(p) / "fifo", stat.S_IFCHR, 1, 3), "'fifo' has another type"),
    (lambda p: (upper(p) / "null").unlink(), "'null' is missing"),
    (lambda p: lower(p).rename(p.root.path / "x"), "its directory is missing"),
    (lambda p: flip(blob(p, p.images.get("app:1").diff_ids[0])), "its content has the digest"),
    (lambda p: blob(p, p.images.get("app:1").diff_ids[0]).unlink(), "is missing"),
    (lambda p: blob(p, p.images.get("app:1").id).unlink(), "not in the store"),
    (lambda p: flip(blob(p, p.images.get("app:1").manifest_digest)), "invalid image manifest"),
    (lambda p: blob(p, "sha256:" + "0" * 64).write_bytes(b"x"), "no image has it"),
    (lambda p: (p.root.layers / "77").mkdir(), "left over"),
    (lambda p: (p.root.images / "ingest/x").mkdir(), "left over"),
    (lambda p: sql(p, "DELETE FROM image_blobs"), "in one of its manifest and its rows alone"),
    (lambda p: sql(p, "DELETE FROM image_layers WHERE position = 1"), "not those of its config"),
    (
        lambda p: sql(p, "UPDATE image_references SET name = 'x//y' WHERE name LIKE '%app:1'"),
        "invalid reference format",
    ),
]


def blob(place: Place, digest: str) -> Path:
    return place.root.images / "blobs/sha256" / digest.removeprefix("sha256:")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def relink(path: Path) -> None:
    times = path.lstat()
    path.unlink()
    path.symlink_to("elsewhere")
    os.utime(path, ns=(times.st_mtime_ns, times.st_mtime_ns), follow_symlinks=False)


def remake(path: Path, kind: int, *numbers: int) -> None:
    path.unlink()
    os.mknod(path, kind | 0o666, os.makedev(*numbers))


def sql(place: Place, statement: str) -> None:
    with place.images._store.database.transaction() as connection:
        connection.execute(statement)


@pytest.mark.parametrize(("damage", "words"), DAMAGE)
def test_damage(place: Place, damage: Callable[[Place], object], words: str) -> None:
    damage(place)
    found = problems(place)
    assert any(words in problem for problem in found), found


def test_a_wholly_different_layer_is_told_of_in_few_lines(place: Place) -> None:
    for number in range(50):
        (lower(place) / f"more{number}").touch()
    assert len(problems(place)) == 11


def test_a_layer_without_an_image_and_without_an_archive(place: Place) -> None:
    image = place.images.get("app:1")
    place.images.snapshots.hold("c1", image)
    place.images.remove("app:1", force=True, used_by=no_containers)
    assert problems(place) == []


def test_what_is_on_its_way_in_is_no_fault(place: Place) -> None:
    store = place.images._store
    with store.adding():
        store.blobs.write(b"cargo")
        assert problems(place) == []
    assert problems(place) == []


def test_without_a_daemon_nothing_is_changed(place: Place) -> None:
    place.images.close()
    (place.root.layers / ".gone-1").mkdir()
    before = place.files()
    with contextlib.closing(Store(place.root, as_found=True)) as store:
        (found,) = check(store, Checked())
    assert ".gone-1: left over" in found
    assert place.files() == before


def test_from_the_command_line(place: Place) -> None:
    config = blob(place, place.images.get("app:1").id)
    place.images.close()
    command = [sys.executable, "-m", "seacan.cli.main", "system", "check", "--data-root"]

    def run(root: Path) -> tuple[int, str, str]:
        done = subprocess.run([*command, str(root)], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    status, out, _ = run(place.root.path)
    assert (status, out) == (
        0, "Checked 7 blobs, 3 layers, 2 images, 2 references: all is well\n",
    )  # fmt: skip
    flip(config)
    status, out, _ = run(place.root.path)
    assert (status, "its content has the digest" in out) == (1, True)
    status, _, err = run(place.root.path / "nowhere")
    assert (status, "it is no data root" in err) == (1, True)
