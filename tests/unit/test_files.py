from pathlib import Path

import pytest

from seacan.files import absolute, write_atomic


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
