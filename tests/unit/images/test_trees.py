import os
import sys
from pathlib import Path

import pytest

from seacan.images.trees import remove_tree


def test_a_tree_goes_with_all_in_it_and_nothing_beside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "file").write_text("x")
    (tree / "a" / "link").symlink_to(outside)
    (tree / "loop").symlink_to(".")
    os.mkfifo(tree / "a" / "fifo")
    (tree / "a" / "b").chmod(0o700)
    remove_tree(tree)
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (outside / "kept").read_text() == "kept"


def test_a_tree_may_be_deeper_than_python_recurses(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    fd = os.open(tree, os.O_RDONLY)
    for _ in range(sys.getrecursionlimit() + 100):
        os.mkdir("directory", dir_fd=fd)
        inner = os.open("directory", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    remove_tree(tree)
    assert list(tmp_path.iterdir()) == []


def test_what_comes_meanwhile_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "tree" / "directory"
    directory.mkdir(parents=True)
    (directory / "first").touch()
    unlink = os.unlink

    def meanwhile(name: str, *, dir_fd: int) -> None:
        unlink(name, dir_fd=dir_fd)
        if name == "first":
            (directory / "second").touch()

    monkeypatch.setattr(os, "unlink", meanwhile)
    remove_tree(tmp_path / "tree")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_tree_is_removed_already(tmp_path: Path) -> None:
    remove_tree(tmp_path / "missing")
    remove_tree(tmp_path / "missing" / "too")
