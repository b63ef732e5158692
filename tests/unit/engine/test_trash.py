from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from seacan.engine import trash as trash_module
from seacan.engine.trash import Trash


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "trash"
    directory.mkdir()
    return directory


def test_what_is_put_in_leaves_its_place_at_once(tmp_path: Path, directory: Path) -> None:
    trash = Trash(directory)
    for name in ("a", "b"):
        (tmp_path / name / "deep").mkdir(parents=True)
        trash.put(tmp_path / name)
        assert not (tmp_path / name).exists()
    assert len(list(directory.iterdir())) == 2


def test_the_same_name_may_come_again(tmp_path: Path, directory: Path) -> None:
    trash = Trash(directory)
    for _ in range(2):
        (tmp_path / "a").mkdir()
        trash.put(tmp_path / "a")
    assert len(list(directory.iterdir())) == 2


def test_what_is_not_there_is_fine(tmp_path: Path, directory: Path) -> None:
    Trash(directory).put(tmp_path / "absent")
    assert list(directory.iterdir()) == []


def test_what_an_earlier_daemon_left_is_not_in_the_way(tmp_path: Path, directory: Path) -> None:
    (directory / "7" / "full").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    Trash(directory).put(tmp_path / "a")
    assert sorted(path.name for path in directory.iterdir()) == ["7", "8"]


def test_it_is_empty_when_who_keeps_it_so_ends(tmp_path: Path, directory: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    trash = Trash(directory)
    trash.put(tmp_path / "a")

    async def begin_and_end() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(trash.keep_empty)
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

    anyio.run(begin_and_end)
    assert list(directory.iterdir()) == []


def test_what_a_thread_puts_in_goes_a_moment_later(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash_module, "_PAUSE_S", 0)
    trash = Trash(directory)

    def put(name: str) -> None:
        (tmp_path / name / "deep").mkdir(parents=True)
        trash.put(tmp_path / name)

    def is_empty() -> bool:
        return list(directory.iterdir()) == []

    async def put_and_look() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(trash.keep_empty)
            for name in ("a", "b"):
                await anyio.to_thread.run_sync(put, name)
                with anyio.fail_after(60):
                    while not await anyio.to_thread.run_sync(is_empty):
                        pass
            tasks.cancel_scope.cancel()

    anyio.run(put_and_look)
