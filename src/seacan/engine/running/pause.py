"""Pause and unpause: the processes of a container stand still, by its cgroup's freezer.

The freezer is what tells: a daemon that comes back finds there whether a container is paused.
"""

from typing import TYPE_CHECKING

import anyio

from seacan import errors
from seacan.engine.containers.container import Container, Status
from seacan.kernel.cgroups import files, hierarchy

if TYPE_CHECKING:  # its kill() ends a pause
    from seacan.engine.running.running import Entry


async def pause(entry: "Entry") -> None:
    """Stop all processes. Raises Conflict if the container does not run, or is paused."""
    async with entry.changing:
        entry.running_shim()
        if entry.record.is_paused:
            raise errors.Conflict(f"Container {entry.record.id} is already paused")
        await _turn(entry, Status.PAUSED, "pause")


async def unpause(entry: "Entry") -> None:
    """Let them go on. Raises Internal, as dockerd does, if the container is not paused."""
    async with entry.changing:
        if not entry.record.is_paused:
            raise errors.Internal(f"Container {entry.record.id} is not paused")
        await _turn(entry, Status.RUNNING, "unpause")


async def end_pause(entry: "Entry") -> None:
    """Let the processes, if they are paused, take a signal that they were sent."""
    async with entry.changing:
        if entry.record.is_paused:
            await _turn(entry, Status.RUNNING, "unpause")


async def _turn(entry: "Entry", status: Status, verb: str) -> None:
    record, shim = entry.record, entry.shim
    cgroup = hierarchy.open_cgroup(record.cgroup_path)
    try:
        await anyio.to_thread.run_sync(cgroup.freeze if verb == "pause" else cgroup.thaw)
    except OSError as err:
        if err.errno in files.GONE and err.filename:  # it has ended, and its cgroup is removed
            raise errors.Conflict(f"container {record.id} is not running") from err
        raise errors.Internal(f"cannot {verb} container {record.id}: {err}") from err
    if entry.shim is shim:  # else it has ended meanwhile
        record.state.status = status
        if status is Status.PAUSED:
            entry.health.stop()
        else:
            entry.health.resume()
        entry.tell(verb)
        await entry.save()


async def is_frozen(cgroup_path: str) -> bool:
    """Tell whether the processes of a container were paused, by whomever."""
    return await anyio.to_thread.run_sync(hierarchy.open_cgroup(cgroup_path).is_frozen)


def refuse_start(record: Container) -> None:
    if record.is_paused:
        raise errors.Conflict("cannot start a paused container, try unpause instead")


def refuse_exec(record: Container, ref: str) -> None:
    if record.is_paused:
        raise errors.Conflict(f"Container {ref} is paused, unpause the container before exec")


def refuse_attach(record: Container, ref: str) -> None:
    if record.is_paused:
        raise errors.Conflict(f"container {ref} is paused, unpause the container before attach")
