from pathlib import Path

import pytest

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
    found = list(files.below(str(tmp_path / "a")))
    assert found == [str(tmp_path / each) for each in ("a/b/c", "a/b", "a")]
    files.remove(str(tmp_path / "a"))
    assert list(tmp_path.iterdir()) == []
