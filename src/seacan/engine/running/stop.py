"""Stopping a container: the signal that it wants, time to obey, and no start by itself after it."""

import contextlib
from typing import Final

import anyio

from seacan import errors
from seacan.engine.containers.container import Container
from seacan.engine.running import pause
from seacan.engine.running.running import Entry
from seacan.engine.running.signals import parse_signal
from seacan.kernel.cgroups import hierarchy

_DEFAULT_TIMEOUT_S: Final = 10
_KILL_DEADLINE_S: Final = 10.0


async def ask(entry: Entry, signal: int | None = None) -> anyio.Event | None:
    """Ask a container, whose lock is held, to end; return what is set when it has.

    None if nothing runs. Without a `signal`, as it says itself.
    """
    if not entry.record.is_running:
        return None
    number = signal or parse_signal(entry.record.config.get("StopSignal") or "SIGTERM")
    end = entry.end
    # It may have ended by itself; then there is nobody to tell.
    with contextlib.suppress(errors.SeacanError):
        await entry.signal(number)
        await pause.end_pause(entry)
    return end


async def finish(entry: Entry, end: anyio.Event | None, limit_s: int | None = None) -> None:
    """Give it time to obey, then kill it; None: as long as it says itself.

    Its lock is not held: a patient stop keeps nobody from a less patient one, or from all else.
    """
    if limit_s is None:
        limit_s = timeout_s(entry.record)
    if end is not None and not await _is_set(end, None if limit_s < 0 else limit_s):
        await kill(entry, end)
    entry.tell("stop")


async def kill(entry: Entry, end: anyio.Event | None = None) -> None:
    """End it for certain; with `end`, that run of it and no later one."""
    if end not in (None, entry.end) or entry.shim is None:
        return
    end = entry.end
    with contextlib.suppress(errors.SeacanError):
        await entry.signal(9)
        await pause.end_pause(entry)
    if await _is_set(end, _KILL_DEADLINE_S):
        return
    # The shim does not get on with it; the processes can be ended without it.
    await anyio.to_thread.run_sync(hierarchy.open_cgroup(entry.record.cgroup_path).kill)
    if not await _is_set(end, _KILL_DEADLINE_S):
        raise errors.Internal(f"container {entry.record.id} does not end after SIGKILL")


async def _is_set(event: anyio.Event, timeout_s: float | None) -> bool:
    """Wait for `event`; False if it is not set in time. None: no deadline."""
    with anyio.move_on_after(timeout_s):
        await event.wait()
    return event.is_set()


def timeout_s(record: Container) -> int:
    """Return how long a container has to obey, if nobody says otherwise; negative: for ever."""
    own = record.config.get("StopTimeout")
    return _DEFAULT_TIMEOUT_S if own is None else own


async def stop_restarts(entry: Entry, number: int) -> bool:
    """Have no start follow a signal by hand; True if that is all, as nothing runs just now."""
    if not _means_the_end(entry.record, number):
        entry.record.stopped_by_hand = True  # it may be the end all the same
        return False
    if not entry.record.is_backing_off:
        await entry.stop_by_hand()
        return False
    async with entry.lock:  # a start may be under way
        await entry.stop_by_hand()
        return not entry.record.is_running


async def send(entry: Entry, number: int) -> None:
    """Send a signal by hand; what is to end is not left paused."""
    if number == 9:
        await kill(entry)
        return
    await entry.signal(number)
    if _means_the_end(entry.record, number):
        await pause.end_pause(entry)


def parse(text: str | None, *, doing: str) -> int | None:
    """Return the number of the signal that was asked for, if one was. Raises InvalidArgument."""
    try:
        return None if text is None else parse_signal(text)
    except errors.InvalidArgument as err:
        raise errors.InvalidArgument(f"{doing}: {err}") from None


def _means_the_end(record: Container, number: int) -> bool:
    """Tell whether a signal is to end a container: any, if it does not say which one does."""
    own = record.config.get("StopSignal")
    return not own or number in (parse_signal(own), 9)
