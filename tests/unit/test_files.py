import os
from pathlib import Path

import pytest

from seacan.errors import InvalidArgument
from seacan.files import absolute, read_named, write_atomic


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        (["/"], "/"),
        (["/a/./b//c/"], "/a/b/c"),
        (["/a", "b", "./c"], "/a/b/c"),
        (["/a", "/b"], "/b"),
        (["/a/link/../b"], "/a/link/../b"),
        ([Path("/a"), "b"], "/a/b"),
    ],
)
def test_absolute(parts: list[str], path: str) -> None:
    assert absolute(*parts) == path


def test_absolute_is_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute(".") == str(tmp_path)
    assert absolute("a", "b") == f"{tmp_path}/a/b"


def test_a_named_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_named(str(file), 5) == b"12345"
    assert read_named("/dev/null", 5) == b""
    with pytest.raises(InvalidArgument, match="longer than 4 bytes"):
        read_named(str(file), 4)
    with pytest.raises(IsADirectoryError):
        read_named(str(tmp_path), 5)


def test_what_may_never_end_is_not_read(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (str(fifo), "/dev/zero"):
        with pytest.raises(InvalidArgument, match="not a regular file"):
            read_named(path, 5)


def test_a_pipe_that_is_open_already_is_read() -> None:
    ours, theirs = os.pipe()
    with open(ours, "rb"), open(theirs, "wb") as file:
        file.write(b"text")
        file.close()
        assert read_named(f"/dev/fd/{ours}", 5) == b"text"


@pytest.mark.parametrize("sync", [True, False])
def test_write_atomic_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: bool) -> None:
    monkeypatch.chdir(tmp_path)
    for name, data in (("file", b"first"), (tmp_path / "file", b"second")):
        write_atomic(name, data, 0o640, sync=sync)
    assert (tmp_path / "file").read_bytes() == b"second"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_write_atomic_leaves_nothing_when_it_fails(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomic(tmp_path / "directory", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["directory"]
