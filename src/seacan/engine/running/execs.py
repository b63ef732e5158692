"""Processes run beside a container's own: created, started once, looked at afterwards."""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

import anyio
import msgspec
from msgspec import field

from seacan import errors
from seacan.engine.bundle import bundle, users
from seacan.engine.bundle.users import User
from seacan.engine.creation import requests
from seacan.engine.host import Host
from seacan.engine.running import pause
from seacan.engine.running.attach import attach_request
from seacan.engine.running.detach_keys import parse_detach_keys
from seacan.engine.running.ends import start_exit_code
from seacan.engine.running.running import Entry
from seacan.ids import ContainerId, ExecId, new_id
from seacan.spec import runtime
from seacan.spec.engine_api import ContainerConfig, ExecConfig
from seacan.spec.stdcopy import frame
from seacan.supervisor.protocol import ExecRequest, Message

# dockerd keeps them for five to ten minutes.
_KEPT_S: Final = 600.0

# The words of dockerd and runc, which clients look for.
_FAILED: Final = "OCI runtime exec failed: exec failed: unable to start container process"


class Exec(msgspec.Struct):
    id: ExecId
    container: Entry
    config: ExecConfig
    detach_keys: bytes
    pid: int = 0
    running: bool = False
    started: bool = False
    exit_code: int | None = None  # None until it has ended
    ended_s: float = 0.0  # when, by the clock of its Execs
    ended: anyio.Event = field(default_factory=anyio.Event)

    @property
    def container_id(self) -> ContainerId:
        return self.container.record.id

    @property
    def tty(self) -> bool:
        return bool(self.config.get("Tty"))

    @property
    def command(self) -> str:
        """Its words as events have them: a blank is behind the first, whatever follows."""
        first, *rest = self.config.get("Cmd") or [""]
        return f"{first} {' '.join(rest)}"

    def unlist(self) -> None:
        """Have its container show it no longer."""
        shown = self.container.record.exec_ids
        if self.id in shown:
            shown.remove(self.id)

    def tell(self, action: str, attributes: Mapping[str, str] = {}) -> None:
        """Publish that this happened to it."""
        self.container.tell(action, {**attributes, "execID": self.id})


class ExecStart(msgspec.Struct, frozen=True):
    """A start that was found right; one of the `begin`s carries it out."""

    execs: "Execs"
    exec: Exec
    tty: bool  # the client takes what comes as one stream; docker-py leaves this to its default
    console_size: list[int] | None

    async def begin(self, client: socket.socket, early: bytes) -> None:
        """Start it with `client` attached. What goes wrong is told on that connection."""
        with client:
            try:
                await self.execs.start(self, client, early)
            except errors.SeacanError as err:
                client.setblocking(True)
                client.settimeout(5)
                with contextlib.suppress(OSError):  # it has gone meanwhile
                    client.sendall(self._frame(f"{err}\r\n".encode()))

    def _frame(self, text: bytes) -> bytes:
        return text if self.tty else frame("stdout", text)  # as dockerd has it

    async def begin_detached(self) -> None:
        await self.execs.start(self, None, b"")


class Execs:
    """The execs of the containers that run.

    One that has ended may be looked at for some minutes, unless its container is removed before.
    """

    def __init__(
        self,
        find: Callable[[str], Entry],
        host: Host,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._host = host
        self._clock = clock  # in seconds
        self._execs: dict[ExecId, Exec] = {}

    async def create(self, ref: str, request: ExecConfig) -> ExecId:
        entry = self._find(ref)
        entry.running_shim()
        pause.refuse_exec(entry.record, ref)
        bundle.check_exec(request)
        if request.get("User"):
            await anyio.to_thread.run_sync(_find_user, entry, request)
        keys = parse_detach_keys(request.get("DetachKeys"), of="escape")
        self._forget_ended()
        execution = Exec(ExecId(new_id()), entry, request, keys)
        self._execs[execution.id] = execution
        entry.record.exec_ids.append(execution.id)
        execution.tell(f"exec_create: {execution.command}")
        return execution.id

    def get(self, exec_id: str) -> Exec:
        found = self._execs.get(ExecId(exec_id))
        if found is None:
            raise errors.NotFound(f"No such exec instance: {exec_id}")
        return found

    async def prepare_start(
        self, exec_id: str, *, detach: bool, tty: bool, console_size: list[int] | None
    ) -> ExecStart:
        execution = self.get(exec_id)
        execution.container.running_shim()
        pause.refuse_exec(execution.container.record, execution.container_id)
        if detach:
            _check_new(execution)  # as by dockerd, who attaches is told on the connection
        if console_size:
            requests.check_console_size(console_size)
        console_size = console_size or execution.config.get("ConsoleSize")
        return ExecStart(self, execution, tty, console_size)

    async def start(self, start: ExecStart, client: socket.socket | None, early: bytes) -> None:
        execution, entry = start.exec, start.exec.container
        wanted = _wanted(execution)
        if not any(wanted.values()):
            client = None  # it is let go at once, as by Docker
        _check_new(execution)
        execution.started = execution.running = True
        execution.tell(f"exec_start: {execution.command}")
        try:
            process = await anyio.to_thread.run_sync(self._process, start)
            execution.pid = await entry.running_shim().exec(
                ExecRequest(
                    exec_id=execution.id,
                    process=dict(process),
                    stdin=bool(execution.config.get("AttachStdin")),
                    attachment=None
                    if client is None
                    else attach_request(
                        **wanted,
                        framed=not start.tty,
                        detach_keys=execution.detach_keys if execution.tty else b"",
                        early=early,
                    ),
                ),
                client,
            )
        except errors.SeacanError as err:
            self.ended(execution.id, start_exit_code(str(err)))
            if isinstance(err, errors.Conflict):  # the container has ended meanwhile
                raise
            raise type(err)(f"{_FAILED}: {err}") from err

    def follow(self, event: Message) -> None:
        """Take note of what the shim tells of an exec."""
        execution = self._execs.get(ExecId(event["exec_id"]))
        if execution is None:
            return
        match event["event"]:
            case "detached":
                execution.tell("exec_detach")
            case "exec-exited":
                self.ended(execution.id, event["status"])
                execution.tell("exec_die", {"exitCode": str(event["status"])})

    def ended(self, exec_id: str, status: int) -> None:
        execution = self._execs.get(ExecId(exec_id))
        if execution is not None:
            execution.running, execution.exit_code = False, status
            execution.ended_s = self._clock()
            execution.unlist()
            execution.ended.set()

    def discard(self, exec_id: str) -> None:
        """Forget one exec, which nobody will ask for."""
        execution = self._execs.pop(ExecId(exec_id), None)
        if execution is not None:
            execution.unlist()

    def container_ended(self, entry: Entry) -> None:
        """Forget the execs that did not begin, and those whose end is not known."""
        for execution in self._of(entry):
            if execution.exit_code is None:
                execution.ended.set()
                del self._execs[execution.id]

    def container_removed(self, entry: Entry) -> None:
        for execution in self._of(entry):
            del self._execs[execution.id]

    def _of(self, entry: Entry) -> list[Exec]:
        return [execution for execution in self._execs.values() if execution.container is entry]

    def _forget_ended(self) -> None:
        """Forget what ended long ago: a container may run for months, an exec each second."""
        oldest_s = self._clock() - _KEPT_S
        for execution in [*self._execs.values()]:
            if execution.exit_code is not None and execution.ended_s < oldest_s:
                del self._execs[execution.id]

    async def resize(self, exec_id: str, *, rows: int, columns: int) -> None:
        execution = self.get(exec_id)
        if not execution.running:
            raise errors.Conflict(f"exec {exec_id} is not running")
        await execution.container.running_shim().resize(rows, columns, execution.id)

    def _process(self, start: ExecStart) -> runtime.Process:
        entry, request = start.exec.container, start.exec.config
        if start.console_size:
            request = {**request, "ConsoleSize": start.console_size}
        user = _find_user(entry, request)
        container = msgspec.json.decode(entry.bundle.config.read_bytes(), type=runtime.Config)
        config: ContainerConfig = {**entry.record.config, "Env": entry.record.environment}
        return bundle.make_exec_process(container, request, user, config, self._host)


def _wanted(execution: Exec) -> dict[str, bool]:
    """Return which streams a client is to be attached to. A terminal has no stderr of its own."""
    config = execution.config
    return {
        "stdin": bool(config.get("AttachStdin")),
        "stdout": bool(config.get("AttachStdout")),
        "stderr": bool(config.get("AttachStderr")) and not execution.tty,
    }


def _check_new(execution: Exec) -> None:
    if execution.running:
        raise errors.Conflict(f"exec command {execution.id} is already running")
    if execution.started:
        raise errors.Conflict(f"exec command {execution.id} has already run")


def _find_user(entry: Entry, request: ExecConfig) -> User:
    """Look the user up as the process will see it: in the root of the container's first process.

    Blocks. Raises InvalidArgument for one who is not there, Conflict once the process is not.
    """
    try:
        root = os.open(f"/proc/{entry.record.state.pid}/root", os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError as err:  # it has ended just now
        raise errors.Conflict(f"container {entry.record.id} is not running") from err
    try:
        accounts = users.read_accounts(users.in_root(root))
    finally:
        os.close(root)
    spec = bundle.exec_user(entry.record.config, request)
    return users.find_user(spec, entry.record.host_config.get("GroupAdd") or [], accounts)
