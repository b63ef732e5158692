"""A writable layer against an image, both made by overlayfs itself."""

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from seacan.contents import differences
from seacan.contents.sending import Archive
from seacan.images.unpack import unpack

pytestmark = pytest.mark.root

Change = Callable[[Path], object]


class Place:
    def __init__(self, directory: Path) -> None:
        self.image = directory / "image"
        self.upper = directory / "upper"
        self.work = directory / "work"
        self.merged = directory / "merged"
        for path in (self.image, self.upper, self.work, self.merged):
            path.mkdir()
        for name in ("etc/sub/deep", "var/www/html", "tmp"):
            (self.image / name).mkdir(parents=True)
        for name in ("etc/passwd", "etc/sub/file", "var/www/html/index", "bin"):
            (self.image / name).write_text(name)
        (self.image / "link").symlink_to("etc")

    def change(self, change: Change) -> None:
        options = f"lowerdir={self.image},upperdir={self.upper},workdir={self.work},index=off"
        subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o", options, self.merged], check=True
        )
        try:
            change(self.merged)
        finally:
            subprocess.run(["umount", self.merged], check=True)

    def changes(self) -> list[str]:
        with self._opened() as (upper, image):
            return [
                "CAD"[change.kind] + f" {change.path}"
                for change in differences.changes(upper, image)
            ]

    def layer(self, path: Path) -> None:
        out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        archive = Archive(out, keeps_holes=True)
        with self._opened() as (upper, image):
            differences.write_layer(upper, image, archive)
        archive.end()
        os.close(out)

    def _opened(self) -> "_Opened":
        return _Opened(self.upper, self.image)


class _Opened:
    def __init__(self, *paths: Path) -> None:
        self._fds = [os.open(path, os.O_PATH) for path in paths]

    def __enter__(self) -> list[int]:
        return self._fds

    def __exit__(self, *_: object) -> None:
        for fd in self._fds:
            os.close(fd)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _remake(merged: Path) -> None:
    subprocess.run(["rm", "-r", merged / "var"], check=True)
    (merged / "var/www").mkdir(parents=True)
    (merged / "var/new").touch()


def _become_directory(merged: Path) -> None:
    (merged / "link").unlink()
    (merged / "link").mkdir()
    (merged / "link/passwd").touch()


def _put_files(merged: Path) -> None:
    for name in (".dockerenv", "etc/hosts"):
        (merged / name).touch()


def _put_directories(merged: Path) -> None:
    for name in ("proc", "dev", "dev/pts"):
        (merged / name).mkdir()


CHANGES: list[tuple[Change, list[str]]] = [
    (lambda m: None, []),
    (lambda m: os.utime(m / "etc", (1, 1)), []),
    (lambda m: (m / "etc/passwd").chmod(0o600), ["C /etc", "C /etc/passwd"]),
    (lambda m: (m / "etc/passwd").open("r+b").close(), []),
    (lambda m: (m / "etc/passwd").unlink(), ["C /etc", "D /etc/passwd"]),
    (lambda m: subprocess.run(["rm", "-r", m / "etc/sub"], check=True),
     ["C /etc", "D /etc/sub"]),
    (lambda m: (m / "etc/sub/deep/x").touch(),
     ["C /etc", "C /etc/sub", "C /etc/sub/deep", "A /etc/sub/deep/x"]),
    (_remake, ["C /var", "A /var/new", "C /var/www", "D /var/www/html"]),
    (_become_directory, ["C /link", "A /link/passwd"]),
    (lambda m: (m / "bin").rename(m / "bin2"), ["D /bin", "A /bin2"]),
    # What a start puts there.
    (_put_files, []),
    (_put_directories, []),
    (lambda m: (m / ".dockerenv").write_text("x"), ["A /.dockerenv"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_changes(place: Place, change: Change, expected: list[str]) -> None:
    place.change(change)
    assert place.changes() == expected


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_layer_unpacked_again_is_the_same_change(
    place: Place, tmp_path: Path, change: Change, expected: list[str]
) -> None:
    place.change(change)
    place.layer(tmp_path / "layer.tar")
    place.layer(tmp_path / "again.tar")
    assert (tmp_path / "layer.tar").read_bytes() == (tmp_path / "again.tar").read_bytes()
    place.upper = tmp_path / "unpacked"
    place.upper.mkdir()
    root_fd = os.open(place.upper, os.O_RDONLY)
    with (tmp_path / "layer.tar").open("rb") as file:
        unpack(file, root_fd)
    os.close(root_fd)
    assert place.changes() == expected


def test_what_was_put_there_for_the_start_is_in_no_layer(place: Place, tmp_path: Path) -> None:
    place.change(_put_directories)
    place.change(_put_files)
    place.layer(tmp_path / "layer.tar")
    assert (tmp_path / "layer.tar").read_bytes() == bytes(1024)
    place.change(lambda m: (m / "etc/own").touch())
    place.layer(tmp_path / "layer.tar")
    with tarfile.open(tmp_path / "layer.tar") as archive:
        assert archive.getnames() == ["etc", "etc/own"]


def test_holes_stay_holes(place: Place, tmp_path: Path) -> None:
    def change(merged: Path) -> None:
        with (merged / "big").open("wb") as file:
            file.seek(1 << 30)
            file.write(b"end")

    place.change(change)
    place.layer(tmp_path / "layer.tar")
    assert (tmp_path / "layer.tar").stat().st_size < 100_000
    place.upper = tmp_path / "unpacked"
    place.upper.mkdir()
    root_fd = os.open(place.upper, os.O_RDONLY)
    with (tmp_path / "layer.tar").open("rb") as file:
        unpack(file, root_fd)
    os.close(root_fd)
    status = (place.upper / "big").stat()
    assert (status.st_size, status.st_blocks < 1000) == ((1 << 30) + 3, True)
