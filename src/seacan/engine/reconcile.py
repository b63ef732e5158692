"""What a starting daemon does with what the one before it left.

The truth is what runs: a container whose shim answers is adopted as it is; one that ended meanwhile
is recorded with the status that its shim wrote down; of a start or a removal that was cut short
nothing is left. Then what its policy wants is started again.
"""

from pathlib import Path

import anyio

from seacan import errors, log
from seacan.engine.bundle.image_mounts import container_of
from seacan.engine.containers import belongings
from seacan.engine.containers.container import Container, Status
from seacan.engine.containers.containers import Containers
from seacan.engine.context import Context
from seacan.engine.running import pause, states
from seacan.engine.running.ends import discard, read_exit
from seacan.engine.running.restart import has_policy
from seacan.engine.running.running import Entry
from seacan.engine.times import rfc3339
from seacan.engine.volumes import subpaths
from seacan.ids import ContainerId
from seacan.images.trees import remove_tree
from seacan.spec.engine_api import HostConfig
from seacan.supervisor import shim_client as supervisor


async def reconcile(context: Context, containers: Containers) -> None:
    records = await anyio.to_thread.run_sync(_records, context)
    known = {record.id for record in records}
    await anyio.to_thread.run_sync(_remove_debris, context, known)
    await anyio.to_thread.run_sync(context.volumes.restore, records)
    entries = [containers.adopt(record) for record in records]
    # Before anything starts: what runs has its addresses and ports already.
    for entry in entries:
        await context.sandboxes.adopt(entry.record, entry.bundle)
    sandboxes = [record.sandbox for record in records if record.sandbox is not None]
    await anyio.to_thread.run_sync(
        context.networks.host_side.settle, context.networks.list(), sandboxes
    )
    async with anyio.create_task_group() as tasks:
        for entry in entries:
            tasks.start_soon(_settle, context, containers, entry)
    await anyio.to_thread.run_sync(context.volumes.mounts.unmount_unused)


def _records(context: Context) -> list[Container]:
    """Return all but those of which a power cut has brought back the row alone: belongings.remove.

    It cannot be one with a restart policy: where that has no directory, something else is wrong.
    """
    found: list[Container] = []
    for record in context.database.containers():
        if has_policy(record) or context.data_root.container(record.id).path.is_dir():
            found.append(record)
        else:
            log.warn("remove a container without directory", id=record.id, name=record.name)
            context.database.remove(record.id)
    return found


def _remove_debris(context: Context, known: set[ContainerId]) -> None:
    """Remove directories and layers held for containers that have no row: half made or removed."""
    for directory in (context.data_root.containers, context.exec_root.containers):
        for path in directory.iterdir():
            if path.name not in known:
                log.info("remove what is left of a container", path=path)
                try:
                    _remove_directory(context, path)
                except OSError as err:  # an immutable file, say: the others are not to wait for it
                    log.error("remove what is left of a container", path=path, error=err)
    for directory in (context.data_root.builds, context.exec_root.secrets):
        for path in directory.iterdir():
            remove_tree(path)
    context.kept_contexts.remove_leftovers()
    for path in context.exec_root.subpaths.iterdir():
        subpaths.unmount(path)
    for holder in context.images.snapshots.holders():
        if container_of(holder) not in known:
            context.images.snapshots.release(holder)
    context.images.collect()


def _remove_directory(context: Context, path: Path) -> None:
    if path.parent == context.exec_root.containers:
        # It was removed while it ran, or never came to run: nothing of it may go on.
        container_id = ContainerId(path.name)
        cgroup = context.cgroup_path(HostConfig(), container_id)
        discard(
            context.exec_root.bundle(container_id),
            context.exec_root.runtime / path.name,
            cgroup,
            context.trash,
        )
    else:
        belongings.remove_directory(context, context.data_root.container(ContainerId(path.name)))


async def _settle(context: Context, containers: Containers, entry: Entry) -> None:
    with entry.held_back():  # what follows from an end, follows here
        await _find_truth(context, entry)
    await containers.resume(entry)


async def _find_truth(context: Context, entry: Entry) -> None:
    record = entry.record
    if not entry.bundle.path.exists():
        if record.is_running:
            # The host was restarted: no process can have survived, and no status either.
            await entry.ended(None)
        return
    context.volumes.mounts.adopt(record)
    try:
        shim = await supervisor.find(entry.bundle)
    except errors.SeacanError as err:
        log.warn("shim does not answer", id=record.id, error=err)
        shim = None
    if shim is not None:
        _note_running(record, shim, is_paused=await pause.is_frozen(record.cgroup_path))
        entry.adopt(shim)
        await context.sandboxes.serve(record, entry.bundle, shim)
        await entry.save()
    elif record.is_running or _has_news(entry):
        await entry.ended(None)
    else:
        await entry.abandon_start()


def _has_news(entry: Entry) -> bool:
    """Whether there was an end that the record does not know of."""
    end = read_exit(entry.bundle)
    return end is not None and rfc3339(end["finished_at_ns"]) != entry.record.state.finished_at


def _note_running(record: Container, shim: supervisor.Shim, *, is_paused: bool) -> None:
    state = record.state
    if not record.is_running:
        # The daemon died between the start and its note of it.
        states.started(state, shim.init_pid, shim.started_at_ns)
    state.status = Status.PAUSED if is_paused else Status.RUNNING
    state.pid = shim.init_pid
