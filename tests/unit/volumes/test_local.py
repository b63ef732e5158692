import shutil
from pathlib import Path

import pytest

from seacan.engine.bundle.project_quotas import ProjectQuotas
from seacan.volumes.local import LocalVolumes
from seacan.volumes.volume import Volume


def volume(name: str = "a") -> Volume:
    return Volume(name, "local", "2026-11-24T01:33:18Z")


def remove_tree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def volumes(tmp_path: Path) -> LocalVolumes:
    return LocalVolumes(tmp_path, remove_tree, ProjectQuotas(tmp_path))


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_a_volume_is_undecided_until_its_row_is_written(
    volumes: LocalVolumes, tmp_path: Path
) -> None:
    with volumes.making(volume()) as data:
        (data / "file").write_text("x")
        assert entries(tmp_path) == [".a"]
    assert (volumes.data("a") / "file").read_text() == "x"
    assert volumes.data("a").stat().st_mode & 0o777 == 0o755


def test_one_whose_row_is_not_written_is_none(volumes: LocalVolumes, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), volumes.making(volume()) as data:
        (data / "none").rename(data / "other")
    assert entries(tmp_path) == []


def test_a_volume_goes_with_all_that_is_in_it(volumes: LocalVolumes, tmp_path: Path) -> None:
    with volumes.making(volume()) as data:
        (data / "file").write_text("x")
    with volumes.removing(volume()):
        assert entries(tmp_path) == [".a"]
    assert entries(tmp_path) == []


def test_one_whose_row_does_not_go_stays(volumes: LocalVolumes, tmp_path: Path) -> None:
    with volumes.making(volume()):
        pass
    with pytest.raises(FileNotFoundError), volumes.removing(volume()):
        (tmp_path / "none").rename(tmp_path / "other")
    assert entries(tmp_path) == ["a"]


def test_what_was_removed_by_hand_is_fine(volumes: LocalVolumes, tmp_path: Path) -> None:
    with volumes.removing(volume()):
        pass
    assert entries(tmp_path) == []


def test_after_a_crash_the_rows_decide(volumes: LocalVolumes, tmp_path: Path) -> None:
    """Killed before the row of a new volume, after it, and before an old one's was removed."""
    for name in ("no-row", "row", "old"):
        (tmp_path / f".{name}" / "_data").mkdir(parents=True)
    volumes.settle([volume("row"), volume("old")])
    assert entries(tmp_path) == ["old", "row"]


def test_after_a_crash_a_copy_is_finished(volumes: LocalVolumes, tmp_path: Path) -> None:
    for name in ("half", "whole"):
        with volumes.making(volume(name)):
            pass
    (tmp_path / "half" / "filling").mkdir()
    (tmp_path / "whole" / "filled").mkdir()
    (tmp_path / "whole" / "filled" / "file").touch()
    volumes.settle([volume("half"), volume("whole")])
    assert entries(tmp_path / "half") == entries(tmp_path / "whole") == ["_data"]
    assert entries(volumes.data("half")) == []
    assert entries(volumes.data("whole")) == ["file"]


def test_what_a_failed_removal_left_is_in_nobodys_way(
    volumes: LocalVolumes, tmp_path: Path
) -> None:
    (tmp_path / ".a" / "_data" / "left").mkdir(parents=True)
    with volumes.making(volume()) as data:
        assert entries(data) == []
