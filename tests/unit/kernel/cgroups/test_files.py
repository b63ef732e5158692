import os
from pathlib import Path

import pytest
from tests import descriptors

from seacan.kernel.cgroups import files


def test_a_long_list_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").write_text("".join(f"{n}\n" for n in range(100_000)))
    assert files.pids(str(tmp_path)) == list(range(100_000))


def test_the_value_of_a_key(tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text("oom 1\noom_kill 2\noom_group_kill 0\n")
    assert files.value_of(str(tmp_path / "memory.events"), "oom_kill") == 2
    assert files.value_of(str(tmp_path / "memory.events"), "absent") == 0


def test_what_is_absent(tmp_path: Path) -> None:
    path = str(tmp_path / "absent")
    assert files.pids(path) == []
    assert list(files.below(path)) == []
    files.remove(path)
    with pytest.raises(FileNotFoundError):
        files.write(path, "1")
    assert not (tmp_path / "absent").exists()


def test_make_and_remove_a_tree(tmp_path: Path) -> None:
    files.make(str(tmp_path / "a/b/c"))
    files.make(str(tmp_path / "a/b/c"))
    files.make(str(tmp_path / "a/d"))
    found = [os.readlink(f"/proc/self/fd/{fd}") for fd in files.below(str(tmp_path / "a"))]
    assert found[-1] == str(tmp_path / "a")
    assert found.index(str(tmp_path / "a/b/c")) < found.index(str(tmp_path / "a/b"))
    assert len(found) == 4
    files.remove(str(tmp_path / "a"))
    assert list(tmp_path.iterdir()) == []


def test_a_tree_deeper_than_a_path_and_a_stack_reach(tmp_path: Path) -> None:
    """A container may nest its cgroups so, to be kept."""
    depth = 3000
    fd = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("x", dir_fd=fd)
        below = os.open("x", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    with descriptors.none_kept():
        assert sum(1 for _ in files.below(str(tmp_path))) == depth + 1
        files.remove(str(tmp_path / "x"))
    assert list(tmp_path.iterdir()) == []
