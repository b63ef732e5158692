"""The end of a daemon that is to leave no container running: --live-restore=false.

They are stopped side by side, each in the time that it has for a stop. It is no stop by hand: the
next daemon starts again what its policy wants.
"""

import contextlib
from collections.abc import Sequence
from typing import Final

import anyio

from seacan import errors, log
from seacan.engine.containers.containers import Containers
from seacan.engine.running import stop
from seacan.engine.running.running import Entry

# What a container has beyond its own time, to end after SIGKILL. Source: dockerd.
_GRACE_S: Final = 5


async def stop_all(containers: Containers, least_s: int) -> None:
    """Stop what runs; what does not end within the longest time of all is told of.

    That is `least_s` or the time of the slowest; a negative one is without limit.
    """
    entries = [containers.find(record.id) for record in containers.all_records()]
    for entry in entries:
        entry.restart.suspend()
    with anyio.move_on_after(longest_s([stop.timeout_s(e.record) for e in entries], least_s)):
        async with anyio.create_task_group() as tasks:
            for entry in entries:
                tasks.start_soon(_stop, entry)
    if left := [entry.record.name for entry in entries if entry.record.is_running]:
        log.error("containers have not ended in time, and go on", names=" ".join(left))


async def _stop(entry: Entry) -> None:
    async with entry.lock:  # of one that is being started, too
        end = await stop.ask(entry)
    if end is not None:
        with contextlib.suppress(errors.SeacanError):  # told of as what goes on
            await stop.finish(entry, end)


def longest_s(times_s: Sequence[int], least_s: int) -> float | None:
    """Return how long containers that have `times_s` are waited for; None: without limit."""
    if least_s < 0 or any(time_s < 0 for time_s in times_s):
        return None
    return max(least_s, *(time_s + _GRACE_S for time_s in times_s), 0)
