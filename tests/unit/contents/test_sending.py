import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from seacan.contents import sending
from seacan.contents.sending import Archive
from seacan.contents.walk import Walk
from seacan.errors import InvalidArgument
from seacan.images.trees import remove_tree


def archive_of(directory: Path, *, keeps_holes: bool = False) -> bytes:
    out = os.memfd_create("archive")
    archive = Archive(out, keeps_holes=keeps_holes)
    top_fd = os.open(directory, os.O_PATH)
    for entry in Walk(top_fd):
        archive.add(entry.path, entry.fd, entry.status)
    archive.end()
    os.close(top_fd)
    with open(out, "rb") as file:
        file.seek(0)
        return file.read()


def test_names_are_in_order_and_a_file_of_many_names_is_there_once(tmp_path: Path) -> None:
    (tmp_path / "b/c").mkdir(parents=True)
    (tmp_path / "b/c/file").write_bytes(b"x" * 70_000)
    (tmp_path / "z").hardlink_to(tmp_path / "b/c/file")
    (tmp_path / "b-").symlink_to("../../etc")
    os.mkfifo(tmp_path / "a")
    with tarfile.open(fileobj=io.BytesIO(archive_of(tmp_path))) as tar:
        assert tar.getnames() == ["a", "b", "b/c", "b/c/file", "b-", "z"]
        assert tar.getmember("z").linkname == "b/c/file"
        assert tar.getmember("b-").linkname == "../../etc"
        assert tar.getmember("a").isfifo()
        file = tar.extractfile("b/c/file")
        assert file is not None
        assert file.read() == b"x" * 70_000


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\xfe")).touch()
    with tarfile.open(fileobj=io.BytesIO(archive_of(tmp_path))) as tar:
        assert [os.fsencode(name) for name in tar.getnames()] == [b"\xff\xfe"]


def test_a_socket_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    (tmp_path / "after").touch()
    with tarfile.open(fileobj=io.BytesIO(archive_of(tmp_path))) as tar:
        assert tar.getnames() == ["after"]


def test_a_file_that_shrinks_meanwhile_keeps_the_archive_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10_000)
    fd = os.open(path, os.O_PATH)
    before = os.fstat(fd)
    os.truncate(path, 10)
    out = os.memfd_create("archive")
    archive = Archive(out, keeps_holes=False)
    archive.add("file", fd, before)
    archive.end()
    os.close(fd)
    with open(out, "rb") as file:
        file.seek(0)
        with tarfile.open(fileobj=file) as tar:
            content = tar.extractfile("file")
            assert content is not None
            assert content.read() == b"x" * 10 + bytes(9_990)


@pytest.mark.parametrize("keeps_holes", [True, False])
def test_holes(tmp_path: Path, keeps_holes: bool) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(8 << 20)
        file.seek(4 << 20)
        file.write(b"middle")
    data = archive_of(tmp_path, keeps_holes=keeps_holes)
    assert (len(data) < 1 << 20) == keeps_holes
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        content = tar.extractfile("file")
        assert content is not None
        expected = bytes(4 << 20) + b"middle" + bytes((4 << 20) - 6)
        assert content.read() == expected


def make_deep(top: Path, name: str, depth: int) -> None:
    fd = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)


def test_a_tree_deeper_than_calls_go(tmp_path: Path) -> None:
    depth = 600  # of descriptors there are a thousand at least
    make_deep(tmp_path, "d", depth)
    with tarfile.open(fileobj=io.BytesIO(archive_of(tmp_path))) as tar:
        assert len(tar.getnames()) == depth


def test_a_tree_whose_paths_would_fill_the_memory(tmp_path: Path) -> None:
    """Of 20,000 directories in one another, the paths alone took 50 GB."""
    make_deep(tmp_path, "x" * 255, 70)
    with pytest.raises(InvalidArgument, match="deeper than 16384 characters"):
        archive_of(tmp_path)
    remove_tree(tmp_path / ("x" * 255))


def test_a_capability_of_a_user_namespace_loses_its_root() -> None:
    permitted = bytes(range(16))
    of_namespace = b"\1\0\0\3" + permitted + b"\x10\x27\0\0"
    plain = b"\1\0\0\2" + permitted
    assert sending._without_namespace(of_namespace) == plain
    assert sending._without_namespace(plain) == plain
