import shutil
from pathlib import Path

import pytest

from seacan.volumes.filling import Filling

PREFIX = {True: "", False: "_data/.seacan-"}


def remove_tree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(params=[True, False], ids=["beside", "inside"])
def beside(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "_data"
    data.mkdir()
    return data


@pytest.fixture
def filling(data: Path, beside: bool) -> Filling:
    return Filling(data, remove_tree, beside=beside)


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_an_empty_volume_is_filled(filling: Filling, data: Path, tmp_path: Path) -> None:
    assert filling.is_wanted()
    with filling.fill() as directory:
        (directory / "file").write_text("x")
        (directory / "sub").mkdir()
        (directory / "sub" / "deep").write_text("y")
        directory.chmod(0o2770)
        assert not (data / "file").exists()
    assert not filling.is_wanted()
    assert entries(data) == ["file", "sub"]
    assert data.stat().st_mode & 0o7777 == 0o2770
    assert entries(tmp_path) == ["_data"]


def test_what_fails_leaves_it_empty(filling: Filling, data: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), filling.fill() as directory:
        (directory / "none").rename(directory / "other")
    assert filling.is_wanted()
    assert (entries(data), entries(tmp_path)) == ([], ["_data"])


def test_half_a_copy_is_removed(filling: Filling, data: Path, tmp_path: Path, beside: bool) -> None:
    half = tmp_path / f"{PREFIX[beside]}filling"
    half.mkdir()
    (half / "file").write_text("x")
    assert filling.is_wanted()
    assert (entries(data), entries(tmp_path)) == ([], ["_data"])


def test_a_whole_copy_is_taken_in(
    filling: Filling, data: Path, tmp_path: Path, beside: bool
) -> None:
    """Killed when some of it was moved: the rest follows."""
    whole = tmp_path / f"{PREFIX[beside]}filled"
    whole.mkdir()
    (whole / "second").write_text("2")
    (data / "first").write_text("1")
    assert not filling.is_wanted()
    assert (entries(data), entries(tmp_path)) == (["first", "second"], ["_data"])


def test_what_a_container_put_there_meanwhile_stays(
    filling: Filling, data: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with filling.fill() as directory:
        (directory / "file").write_text("image's")
        (directory / "link").mkdir()
        (directory / "link" / "new").write_text("x")
        (data / "file").write_text("container's")
        (data / "link").symlink_to(outside)
    assert (data / "file").read_text() == "container's"
    assert entries(outside) == []


def test_what_was_removed_by_hand_is_not_filled(filling: Filling, data: Path) -> None:
    data.rmdir()
    assert not filling.is_wanted()
