"""Execs that start nothing."""

from dataclasses import dataclass
from typing import Any

from tests.fakes.attachment import FakeAttachment
from tests.fakes.containers import FakeContainers

from seacan.engine.containers.container import Container
from seacan.errors import NotFound
from seacan.ids import ExecId
from seacan.spec.engine_api import ExecConfig


@dataclass
class _Held:
    record: Container


@dataclass
class FakeExec:
    id: ExecId
    container: _Held
    config: ExecConfig
    detach_keys: bytes = b""
    pid: int = 0
    running: bool = False
    exit_code: int | None = None


class FakeExecs:
    def __init__(self, containers: FakeContainers) -> None:
        self._containers = containers
        self.calls: list[tuple[Any, ...]] = []
        self.fails = False
        self._execs: dict[str, FakeExec] = {}

    async def create(self, ref: str, request: ExecConfig) -> ExecId:
        self.calls.append(("create", ref, request))
        exec_id = ExecId(f"{len(self._execs):064x}")
        self._execs[exec_id] = FakeExec(exec_id, _Held(self._containers.get(ref)), request)
        return exec_id

    async def prepare_start(
        self, exec_id: str, *, detach: bool, tty: bool, console_size: list[int] | None
    ) -> FakeAttachment:
        self.calls.append(("start", exec_id, detach, tty, console_size))
        return FakeAttachment(bool(self.get(exec_id).config.get("Tty")), self.fails)

    def get(self, exec_id: str) -> FakeExec:
        if exec_id not in self._execs:
            raise NotFound(f"No such exec instance: {exec_id}")
        return self._execs[exec_id]

    async def resize(self, exec_id: str, *, rows: int, columns: int) -> None:
        self.calls.append(("resize", exec_id, rows, columns))
