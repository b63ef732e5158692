"""The end of a probe that is cancelled."""

from types import SimpleNamespace
from typing import Any, cast

import anyio

from seacan.engine.containers.container import Status
from seacan.engine.running.execs import Execs
from seacan.engine.running.health import Check
from seacan.engine.running.probe import run_probe
from seacan.engine.running.running import Entry


class FakeShim:
    """Begins a process when it is let to; `killed` tells whether that had begun when it was."""

    def __init__(self) -> None:
        self.is_asked, self.may_begin = anyio.Event(), anyio.Event()
        self.has_begun = False
        self.killed: list[bool] = []

    async def begin(self) -> None:
        self.is_asked.set()
        await self.may_begin.wait()
        self.has_begun = True

    async def signal(self, number: int, exec_id: str) -> None:
        assert (number, exec_id) == (9, "probe")
        self.killed.append(self.has_begun)


class FakeExecs:
    def __init__(self, shim: FakeShim) -> None:
        self._shim = shim
        self._exec = SimpleNamespace(id="probe", running=False, ended=anyio.Event(), exit_code=None)

    async def create(self, ref: str, request: object) -> str:
        return "probe"

    def get(self, exec_id: str) -> Any:
        return self._exec

    async def prepare_start(self, exec_id: str, **_: object) -> Any:
        return SimpleNamespace(execs=self)

    async def start(self, start: object, client: object, early: bytes) -> None:
        self._exec.running = True
        await self._shim.begin()

    def discard(self, exec_id: str) -> None: ...


def test_one_that_is_about_to_begin_is_killed_when_it_has() -> None:
    """Nobody could be killed before, and what began then went on for ever."""

    async def scenario() -> list[bool]:
        shim = FakeShim()
        record = SimpleNamespace(id="c", state=SimpleNamespace(status=Status.RUNNING))
        entry = cast(Entry, SimpleNamespace(record=record, running_shim=lambda: shim))
        check = Check(["true"], 1.0, 1.0, 0.0, 1.0, 1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_probe, cast(Execs, FakeExecs(shim)), entry, check)
            await shim.is_asked.wait()
            tasks.cancel_scope.cancel()
            shim.may_begin.set()
        return shim.killed

    assert anyio.run(scenario) == [True]
