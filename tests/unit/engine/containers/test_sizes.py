"""The size of a tree that a container wrote."""

import os
from pathlib import Path

from seacan.engine.tree_size import tree_bytes
from seacan.images.trees import remove_tree


def test_files_count_once_and_directories_do_not(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000)
    (tmp_path / "d/e").mkdir(parents=True)
    (tmp_path / "d/b").write_bytes(b"x" * 500)
    os.link(tmp_path / "d/b", tmp_path / "d/e/c")
    assert tree_bytes(tmp_path) == 1500


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/big").write_bytes(b"x" * 1000)
    (tmp_path / "top").mkdir()
    (tmp_path / "top/link").symlink_to("../outside")
    (tmp_path / "top/round").symlink_to(".")
    assert tree_bytes(tmp_path / "top") == len("../outside") + len(".")


def test_a_tree_deeper_than_a_path_is_counted_as_far_as_one_reaches(tmp_path: Path) -> None:
    name, depth = "d" * 200, 40
    fd = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=fd)
        deeper = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
        with open(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=fd), "wb") as file:
            file.write(b"x")
    os.close(fd)
    try:
        assert 15 < tree_bytes(tmp_path) < depth
    finally:
        remove_tree(tmp_path / name)
    assert tree_bytes(tmp_path / "gone") == 0
