"""One probe of a health check: an exec that has its output read by the daemon, and little time."""

import contextlib
import math
import socket
from typing import Final

import anyio

from seacan import errors
from seacan.engine.containers.container import ProbeResult, Status
from seacan.engine.running.execs import Exec, Execs, ExecStart
from seacan.engine.running.health import Check
from seacan.engine.running.running import Entry
from seacan.engine.times import go_duration, now
from seacan.spec.engine_api import ExecConfig
from seacan.spec.stdcopy import take_frames

_OUTPUT_LIMIT: Final = 4096  # bytes, of what a probe says
_BLOCK: Final = 64 * 1024
# How long a probe that was killed may take to end; a frozen one does not before it is thawed.
_KILL_DEADLINE_S: Final = 10.0


async def run_probe(execs: Execs, entry: Entry, check: Check) -> ProbeResult:
    """Run one and return how it went, whatever that is; cancelled, the probe is killed."""
    start = now()
    try:
        exit_code, output = await _run(execs, entry, check)
    except (errors.SeacanError, OSError) as err:
        exit_code, output = -1, str(err)
    return ProbeResult(start, now(), exit_code, output)


async def _run(execs: Execs, entry: Entry, check: Check) -> tuple[int, str]:
    config = ExecConfig(Cmd=check.command, AttachStdout=True, AttachStderr=True)
    exec_id = await execs.create(entry.record.id, config)
    execution = execs.get(exec_id)
    own, its = socket.socketpair()
    output = _Output()
    with own, its:
        own.setblocking(False)
        try:
            prepared = await execs.prepare_start(
                exec_id, detach=False, tty=False, console_size=None
            )
            # Not cut short: what the shim is about to start cannot be killed yet.
            with anyio.CancelScope(shield=True):
                await _start(prepared, its)
            its.close()  # the shim has its own copy, at the end of which is the end of the output
            with anyio.move_on_after(check.timeout_s) as deadline:
                await _read(own, output)
                await execution.ended.wait()
        finally:
            is_cancelled = anyio.current_effective_deadline() == -math.inf
            with anyio.CancelScope(shield=True):
                await _end(entry, execution, waits=not is_cancelled)
            execs.discard(exec_id)
    if not deadline.cancelled_caught:
        return execution.exit_code or 0, output.text()
    said = f": {output.text()}" if output.text() else ""
    return -1, f"Health check exceeded timeout ({go_duration(check.timeout_s)}){said}"


async def _start(prepared: ExecStart, its: socket.socket) -> None:
    try:
        await prepared.execs.start(prepared, its, b"")
    except errors.SeacanError as err:
        raise errors.Internal(f"OCI runtime exec failed: {err}") from err


async def _read(own: socket.socket, output: "_Output") -> None:
    while True:
        await anyio.wait_readable(own)
        data = own.recv(_BLOCK)
        if not data:
            return
        output.add(data)


async def _end(entry: Entry, execution: Exec, *, waits: bool) -> None:
    """Kill a probe that goes on. A daemon that ends hears of no end, and `waits` for none."""
    if not execution.running:
        return
    with contextlib.suppress(errors.SeacanError):  # it, or the whole container, has just ended
        await entry.running_shim().signal(9, execution.id)
    if not waits or entry.record.state.status is not Status.RUNNING:
        return
    with anyio.move_on_after(_KILL_DEADLINE_S):
        await execution.ended.wait()


class _Output:
    """The beginning of what a probe says."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._kept = b""
        self._is_cut = False

    def add(self, data: bytes) -> None:
        self._received += data
        said = take_frames(self._received)
        room = _OUTPUT_LIMIT - len(self._kept)
        self._kept += said[:room]
        self._is_cut = self._is_cut or len(said) > room

    def text(self) -> str:
        return self._kept.decode(errors="replace") + ("..." if self._is_cut else "")
