import shutil
from pathlib import Path

import pytest

from seacan.volumes.local import LocalVolumes


@pytest.fixture
def volumes(tmp_path: Path) -> LocalVolumes:
    return LocalVolumes(tmp_path, shutil.rmtree)


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_a_volume_is_undecided_until_it_is_kept(volumes: LocalVolumes, tmp_path: Path) -> None:
    data = volumes.begin("a")
    (data / "file").write_text("x")
    assert entries(tmp_path) == [".a"]
    volumes.keep(["a"])
    assert (volumes.data("a") / "file").read_text() == "x"
    assert volumes.data("a").stat().st_mode & 0o777 == 0o755


def test_a_volume_goes_with_all_that_is_in_it(volumes: LocalVolumes, tmp_path: Path) -> None:
    (volumes.begin("a") / "file").write_text("x")
    volumes.keep(["a"])
    volumes.suspend(["a"])
    assert entries(tmp_path) == [".a"]
    volumes.discard(["a"])
    assert entries(tmp_path) == []


def test_what_is_not_there_is_fine(volumes: LocalVolumes) -> None:
    volumes.keep(["a"])
    volumes.suspend(["a"])


def test_after_a_crash_the_containers_decide(volumes: LocalVolumes, tmp_path: Path) -> None:
    """Killed before the row of a new container, after it, and before an old one's was removed."""
    for name in ("no-row", "row", "old"):
        volumes.begin(name)
    volumes.begin("without-container")
    volumes.keep(["without-container"])
    volumes.settle({"row", "old"})
    assert entries(tmp_path) == ["old", "row", "without-container"]
