"""Stopping a container: the signal that it wants, time to obey, and no start by itself after it."""

import contextlib
from typing import Final

from seacan import errors
from seacan.engine import pause
from seacan.engine.container import Container
from seacan.engine.running import Entry
from seacan.engine.signals import parse_signal

_DEFAULT_TIMEOUT_S: Final = 10


async def stop(entry: Entry, limit_s: int | None, signal: int | None) -> None:
    """Stop a container that is active, whose lock is held; None: as it says itself."""
    await entry.stop_by_hand()
    await end(entry, limit_s, signal)


async def end(entry: Entry, limit_s: int | None = None, signal: int | None = None) -> None:
    """Do the same, but leave what follows from its end as it is."""
    number = signal or parse_signal(entry.record.config.get("StopSignal") or "SIGTERM")
    if limit_s is None:
        limit_s = timeout_s(entry.record)
    if entry.record.is_running:
        # It may have ended by itself; then there is nobody to tell.
        with contextlib.suppress(errors.SeacanError):
            await entry.signal(number)
            await pause.end_pause(entry)
        entry.stops_waiting += 1
        try:
            if not await entry.wait_ended(None if limit_s < 0 else limit_s):
                await entry.kill()
        finally:
            entry.stops_waiting -= 1
    entry.tell("stop")


async def cut_short(entry: Entry, limit_s: int | None, signal: int | None) -> bool:
    """End a container that another stop, which has its lock, waits for; False if none does.

    Who has less patience than that one, or another signal, does not wait for it.
    """
    if not entry.stops_waiting:
        return False
    await end(entry, limit_s, signal)
    return True


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
        await entry.kill()
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
