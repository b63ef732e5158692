from typing import Any, cast

import anyio
import pytest
from tests.fakes.containers import make_container
from tests.unit.engine.hosts import HOST

from seacan.engine.containers.container import Container, Status
from seacan.engine.running.execs import Execs
from seacan.engine.running.running import Entry
from seacan.errors import Conflict, InvalidArgument, NotFound
from seacan.spec.engine_api import ExecConfig


class Running:
    """What execs need of a container that runs."""

    def __init__(self) -> None:
        self.record: Container = make_container(status=Status.RUNNING, pid=7)

    def running_shim(self) -> None:
        return None

    def tell(self, action: str, attributes: Any = None) -> None:
        return None


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_an_exec_that_has_ended_is_shown_for_minutes_and_then_forgotten() -> None:
    entry, clock = Running(), Clock()
    execs = Execs(lambda ref: cast(Entry, entry), HOST, clock)

    async def work() -> None:
        ended, running = [await execs.create("c", {"Cmd": ["x"]}) for _ in range(2)]
        assert entry.record.exec_ids == [ended, running]
        clock.now_s = 5
        execs.ended(ended, 3)
        assert entry.record.exec_ids == [running]
        clock.now_s = 600
        await execs.create("c", {"Cmd": ["x"]})
        assert execs.get(ended).exit_code == 3
        clock.now_s = 700
        await execs.create("c", {"Cmd": ["x"]})
        with pytest.raises(NotFound):
            execs.get(ended)
        assert execs.get(running).exit_code is None

    anyio.run(work)


def test_an_exec_that_has_ended_is_shown_until_its_container_is_removed() -> None:
    entry = Running()
    execs = Execs(lambda ref: cast(Entry, entry), HOST)

    async def work() -> None:
        ended, unstarted = [await execs.create("c", {"Cmd": ["x"]}) for _ in range(2)]
        execs.ended(ended, 137)
        execs.container_ended(cast(Entry, entry))
        assert execs.get(ended).exit_code == 137
        with pytest.raises(NotFound):
            execs.get(unstarted)
        execs.container_removed(cast(Entry, entry))
        with pytest.raises(NotFound):
            execs.get(ended)

    anyio.run(work)


@pytest.mark.parametrize("size", [[1], [1, 2, 3], [-1, 2], [1, 70000]])
def test_what_is_no_size_of_a_terminal_is_refused(size: list[int]) -> None:
    execs = Execs(lambda ref: cast(Entry, Running()), HOST)

    async def work() -> None:
        with pytest.raises(InvalidArgument, match="invalid ConsoleSize"):
            await execs.create("c", {"Cmd": ["x"], "Tty": True, "ConsoleSize": size})
        exec_id = await execs.create("c", {"Cmd": ["x"], "Tty": True})
        with pytest.raises(InvalidArgument, match="invalid ConsoleSize"):
            await execs.prepare_start(exec_id, detach=False, tty=True, console_size=size)

    anyio.run(work)


def test_an_exec_of_somebody_in_a_container_that_ends_meanwhile() -> None:
    entry = Running()
    entry.record.state.pid = 2**22 + 1  # more than there are
    execs = Execs(lambda ref: cast(Entry, entry), HOST)
    with pytest.raises(Conflict, match="is not running"):
        anyio.run(execs.create, "c", ExecConfig(Cmd=["x"], User="me"))
