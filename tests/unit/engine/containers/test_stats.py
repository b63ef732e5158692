"""Readings for many listeners: each taken once, none while nobody listens."""

import contextlib
from typing import Any, cast

import anyio
import pytest
from tests.fakes.containers import make_container
from tests.fakes.readings import reading

from seacan.engine.containers import stats
from seacan.engine.containers.container import Container, Status
from seacan.engine.running.running import Entry
from seacan.engine.running.waiting import Waiter

PROC_STAT = """cpu  10 1 20 300 4 5 6 7 8 9
cpu0 5 1 10 150 2 2 3 3 4 4
cpu1 5 0 10 150 2 3 3 4 4 5
intr 1 2 3
"""


class FakeEntry:
    def __init__(self) -> None:
        self.record = make_container(status=Status.RUNNING)
        self.waiter = Waiter("removed")

    def wait(self, condition: str) -> Waiter:
        assert condition == "removed"
        return self.waiter


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let readings be numbers in a row, with no time between them; return what was read."""
    ids: list[str] = []

    def read(record: Container) -> Any:
        ids.append(record.id)
        return reading(usage_ns=len(ids))

    monkeypatch.setattr(stats, "read", read)
    monkeypatch.setattr(stats, "_INTERVAL_S", 0.01)
    return ids


def test_system_time() -> None:
    assert stats.system_time(PROC_STAT) == (346 * 10_000_000, 2)


def test_interfaces() -> None:
    table = """Inter-|   Receive                            |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo:     100       1    0    0    0     0          0         0      100       1    0    0
  eth0:    4242      12    1    2    0     0          0         9       77       3    4    5
eth0:1:      1       0    0    0    0     0          0         0        0       0    0    0
"""
    found = stats.interfaces_of(table)
    assert found["eth0"] == stats.Interface(
        stats.Traffic(4242, 12, 1, 2), stats.Traffic(77, 3, 4, 5)
    )
    assert [*found] == ["eth0", "eth0:1"]


def test_many_listeners_cost_one_reading_each_interval(taken: list[str]) -> None:
    async def main() -> None:
        entry = cast(Entry, FakeEntry())
        async with anyio.create_task_group() as tasks:
            source = stats.Source(entry, stats.Feeds(tasks))
            with contextlib.ExitStack() as stack:
                listeners = [stack.enter_context(source.listen()) for _ in range(20)]
                for number in (1, 2, 3):
                    heard = [await anext(listener) for listener in listeners]
                    assert {one.stats.cpu.total_ns for one in heard if one} == {number}
            await anyio.sleep(0.05)
            assert len(taken) <= 4  # the one that was under way
            # A new listener has its readings from a new feed.
            with source.listen() as listener:
                assert await anext(listener) is not None

    anyio.run(main)


def test_a_container_that_stops_is_heard_of_as_none_and_its_removal_ends_the_feed(
    taken: list[str],
) -> None:
    async def main() -> None:
        entry = FakeEntry()
        async with anyio.create_task_group() as tasks:
            source = stats.Source(cast(Entry, entry), stats.Feeds(tasks))
            with source.listen() as listener:
                assert await anext(listener) is not None
                entry.record.state.status = Status.EXITED
                while await anext(listener) is not None:
                    pass
                entry.waiter.done.set()
                assert [one async for one in listener] in ([], [None])

    anyio.run(main)


def test_a_paused_container_is_read(taken: list[str]) -> None:
    async def main() -> None:
        entry = FakeEntry()
        entry.record.state.status = Status.PAUSED
        assert await stats.current(cast(Entry, entry)) is not None
        entry.record.state.status = Status.CREATED
        assert await stats.current(cast(Entry, entry)) is None

    anyio.run(main)
    assert len(taken) == 1
