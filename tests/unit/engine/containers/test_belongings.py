import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from seacan.engine.bundle.project_quotas import ProjectQuotas
from seacan.engine.containers.belongings import remove_directory
from seacan.engine.context import Context
from seacan.engine.trash import Trash
from seacan.paths import DataRoot


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    root = DataRoot(tmp_path)
    root.trash.mkdir()
    directory = root.container("c")
    directory.upper.mkdir(parents=True)
    (directory.upper / ".dockerenv").touch()
    (directory.work / "work").mkdir(parents=True)
    directory.log.write_text("a line\n")
    return root


def removed(root: DataRoot) -> list[Path]:
    """Remove the container's directory; return what is left to be removed later."""
    context = SimpleNamespace(
        quotas=ProjectQuotas(root.path), data_root=root, data_trash=Trash(root.trash)
    )
    remove_directory(cast(Context, context), root.container("c"))
    assert not root.container("c").path.exists()
    return list(root.trash.iterdir())


def test_what_wrote_little_leaves_its_place_and_goes_later(root: DataRoot) -> None:
    assert len(removed(root)) == 1


def test_the_space_of_a_layer_with_many_files_is_given_back_at_once(root: DataRoot) -> None:
    for number in range(100):
        (root.container("c").upper / str(number)).touch()
    assert removed(root) == []


def test_the_space_of_a_long_file_deep_down_is_given_back_at_once(root: DataRoot) -> None:
    deep = root.container("c").upper / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(bytes(2 << 20))
    assert removed(root) == []


@pytest.mark.parametrize("which", ["log", "local_log", "cached_log"])
def test_the_space_of_a_long_log_is_given_back_at_once(root: DataRoot, which: str) -> None:
    log: Path = getattr(root.container("c"), which)
    log.parent.mkdir(exist_ok=True)
    with open(log, "wb") as file:
        file.truncate(2 << 20)
    assert removed(root) == []


def test_what_is_gone_already_is_fine(root: DataRoot) -> None:
    removed(root)
    assert len(removed(root)) == 1


def test_what_is_deeper_than_a_path_reaches_is_removed_all_the_same(root: DataRoot) -> None:
    """No container that had made such a tree could be removed, and then no daemon started."""
    fd = os.open(root.container("c").upper, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 255, dir_fd=fd)
        below = os.open("x" * 255, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    assert removed(root) == []
