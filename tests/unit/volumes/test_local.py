import shutil
from pathlib import Path

import pytest

from seacan.volumes.local import LocalVolumes


@pytest.fixture
def volumes(tmp_path: Path) -> LocalVolumes:
    return LocalVolumes(tmp_path, lambda path: shutil.rmtree(path, ignore_errors=True))


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_a_volume_is_undecided_until_it_is_kept(volumes: LocalVolumes, tmp_path: Path) -> None:
    data = volumes.begin("a")
    (data / "file").write_text("x")
    assert entries(tmp_path) == [".a"]
    volumes.keep("a")
    assert (volumes.data("a") / "file").read_text() == "x"
    assert volumes.data("a").stat().st_mode & 0o777 == 0o755


def test_a_volume_goes_with_all_that_is_in_it(volumes: LocalVolumes, tmp_path: Path) -> None:
    (volumes.begin("a") / "file").write_text("x")
    volumes.keep("a")
    volumes.suspend("a")
    assert entries(tmp_path) == [".a"]
    volumes.discard("a")
    assert entries(tmp_path) == []


def test_what_is_not_there_is_fine(volumes: LocalVolumes) -> None:
    volumes.keep("a")
    volumes.suspend("a")


def test_after_a_crash_the_rows_decide(volumes: LocalVolumes, tmp_path: Path) -> None:
    """Killed before the row of a new volume, after it, and before an old one's was removed."""
    for name in ("no-row", "row", "old"):
        volumes.begin(name)
    volumes.settle({"row", "old"})
    assert entries(tmp_path) == ["old", "row"]


def test_what_a_failed_removal_left_is_in_nobodys_way(
    volumes: LocalVolumes, tmp_path: Path
) -> None:
    (volumes.begin("a") / "left").write_text("x")
    assert list(volumes.begin("a").iterdir()) == []


# --- filled -----------------------------------------------------------------------------------


@pytest.fixture
def empty(volumes: LocalVolumes) -> LocalVolumes:
    volumes.begin("a")
    volumes.keep("a")
    return volumes


def test_an_empty_volume_is_filled(empty: LocalVolumes, tmp_path: Path) -> None:
    assert empty.is_empty("a")
    with empty.filling("a") as directory:
        (directory / "file").write_text("x")
        (directory / "sub").mkdir()
        (directory / "sub" / "deep").write_text("y")
        directory.chmod(0o2770)
        assert empty.is_empty("a")
    assert not empty.is_empty("a")
    assert entries(empty.data("a")) == ["file", "sub"]
    assert empty.data("a").stat().st_mode & 0o7777 == 0o2770
    assert entries(tmp_path / "a") == ["_data"]


def test_what_fails_leaves_it_empty(empty: LocalVolumes, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), empty.filling("a") as directory:
        (directory / "file").rename(tmp_path / "elsewhere")
    assert empty.is_empty("a")
    assert entries(tmp_path / "a") == ["_data"]


def test_half_a_copy_is_removed_after_a_crash(empty: LocalVolumes, tmp_path: Path) -> None:
    (tmp_path / "a" / "filling").mkdir()
    (tmp_path / "a" / "filling" / "half").write_text("x")
    empty.settle({"a"})
    assert empty.is_empty("a")
    assert entries(tmp_path / "a") == ["_data"]


def test_a_whole_copy_is_taken_in_after_a_crash(empty: LocalVolumes, tmp_path: Path) -> None:
    """Killed when some of it was moved: the rest follows."""
    (tmp_path / "a" / "filled").mkdir()
    (tmp_path / "a" / "filled" / "second").write_text("2")
    (empty.data("a") / "first").write_text("1")
    empty.settle({"a"})
    assert entries(empty.data("a")) == ["first", "second"]
    assert entries(tmp_path / "a") == ["_data"]


def test_what_a_container_put_there_meanwhile_stays(empty: LocalVolumes) -> None:
    outside = empty.data("a").parent.parent / "outside"
    outside.mkdir()
    with empty.filling("a") as directory:
        (directory / "file").write_text("image's")
        (directory / "link").mkdir()
        (directory / "link" / "new").write_text("x")
        (empty.data("a") / "file").write_text("container's")
        (empty.data("a") / "link").symlink_to(outside)
    assert (empty.data("a") / "file").read_text() == "container's"
    assert list(outside.iterdir()) == []
