"""The containers of a daemon: made, started, stopped, removed, found.

Each container has a lock of its own, under which it is started, stopped and removed; nothing here
holds up another container.
"""

import contextlib
import functools
from collections.abc import AsyncIterator, Sequence

import anyio

from seacan import errors, log
from seacan.engine.bundle import start
from seacan.engine.containers import belongings, prune, rename, sizes, top, update
from seacan.engine.containers.container import (
    NEVER,
    Container,
    Created,
    Places,
    ProbeResult,
    Status,
)
from seacan.engine.containers.filters import Filters, has_labels
from seacan.engine.containers.listing import MEASURED_AT_ONCE, Listed, list_containers
from seacan.engine.containers.names import Names
from seacan.engine.containers.prune import Pruned
from seacan.engine.containers.sizes import Sizes
from seacan.engine.containers.stats import Feeds, Source
from seacan.engine.containers.top import Top
from seacan.engine.context import Context
from seacan.engine.creation import creation
from seacan.engine.networks import connections, link_removal, links
from seacan.engine.running import on_unhealthy, pause, stop
from seacan.engine.running.execs import Execs
from seacan.engine.running.health import Check
from seacan.engine.running.probe import run_probe
from seacan.engine.running.restart import is_wanted
from seacan.engine.running.running import Entry
from seacan.engine.running.signals import parse_signal
from seacan.engine.running.waiting import Wait
from seacan.ids import ContainerId
from seacan.spec.engine_api import ContainerCreate, ContainerUpdate, EndpointSettings
from seacan.trace import NOT_TRACED, mark


class Containers:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._entries: dict[ContainerId, Entry] = {}
        self._names = Names()
        self._feeds = Feeds(context.tasks)
        self._is_pruning = False
        self._measuring = anyio.CapacityLimiter(MEASURED_AT_ONCE)
        self.execs = Execs(self.find, context.host)

    # -- finding ----------------------------------------------------------------------------------

    def find(self, ref: str) -> Entry:
        """Return the container by id, name, or a start of its id that no other shares.

        Raises NotFound, or InvalidArgument if several ids start so.
        """
        name = ref.removeprefix("/")
        found = self._entries.get(ContainerId(ref)) or self._entries.get(self._names.get(name))
        if found is not None:
            return found
        if linked := links.named(name, self.get):
            return self.find(linked[1].container_id)
        matching = [e for i, e in self._entries.items() if ref and i.startswith(ref)]
        if not matching:
            raise errors.NotFound(f"No such container: {ref}")
        if len(matching) > 1:
            raise errors.InvalidArgument(f"multiple IDs found with provided prefix: {ref}")
        return matching[0]

    def get(self, ref: str) -> Container:
        return self.find(ref).record

    def all_records(self) -> Sequence[Container]:
        return [entry.record for entry in self._entries.values()]

    async def list(
        self, *, all: bool, limit: int | None, wanted: Filters, size: bool, label: str = ""
    ) -> Sequence[Listed]:
        """Return the containers wanted, the newest first; `wanted` are the API's filters.

        With a `label`, NAME=VALUE, as if there were no others than those that have it.
        """
        labels = [label] if label else []
        return await list_containers(
            self._context,
            [record for record in self.all_records() if has_labels(record, labels)],
            self.get,
            all=all,
            limit=limit,
            wanted=wanted,
            size=size,
            measuring=self._measuring,
        )

    async def sizes(self, ref: str) -> Sizes:
        return await anyio.to_thread.run_sync(
            sizes.sizes, self._context, self.get(ref), limiter=self._measuring
        )

    # -- making -----------------------------------------------------------------------------------

    async def create(
        self, request: ContainerCreate, *, name: str | None, platform: str | None
    ) -> Created:
        with self._context.measures.container_actions.timed("create"):
            record, created = await self._create(request, name, platform)
        self._context.events.publish("create", record)
        return created

    async def _create(
        self, request: ContainerCreate, name: str | None, platform: str | None
    ) -> tuple[Container, Created]:
        context = self._context
        plan = await creation.plan(context, request, self.get, platform=platform)
        with contextlib.ExitStack() as undo:
            given = self._names.take(name, plan.id)
            undo.callback(self._names.give_back, given)
            record = plan.record(context, given)
            await anyio.to_thread.run_sync(belongings.make, context, record, plan.image)
            self._entries[record.id] = self._entry(record)
            undo.pop_all()
        return record, Created(record.id, plan.warnings)

    def _entry(self, record: Container) -> Entry:
        context = self._context
        return Entry(
            record,
            exec_root=context.exec_root,
            database=context.database,
            launcher=context.launcher,
            tasks=context.tasks,
            events=context.events,
            sandboxes=context.sandboxes,
            trash=context.trash,
            volumes=context.volumes,
            on_exec_event=self.execs.follow,
            on_exit=self._on_exit,
            probe=self._probe,
            on_unhealthy=functools.partial(on_unhealthy.act, self),
        )

    async def _probe(self, entry: Entry, check: Check) -> ProbeResult:
        result = await run_probe(self.execs, entry, check)
        measures = self._context.measures
        measures.health_checks.add()
        if result.exit_code != 0:
            measures.health_checks_failed.add()
        return result

    def adopt(self, record: Container) -> Entry:
        """Take in a container that the database knows."""
        self._names.take(record.name, record.id)
        entry = self._entries[record.id] = self._entry(record)
        return entry

    # -- starting and stopping --------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _held(self, ref: str) -> AsyncIterator[Entry]:
        """Have a container's lock. Raises NotFound, also if it is removed until it is our turn."""
        entry = self.find(ref)
        async with entry.lock:
            if entry.is_removed:
                raise errors.NotFound(f"No such container: {ref}")
            yield entry

    async def start(self, ref: str, trace: int = NOT_TRACED) -> None:
        """Start a container; what is done for that is marked on `trace` (trace.py)."""
        async with self._held(ref) as entry:
            pause.refuse_start(entry.record)
            if entry.record.is_active:
                raise errors.NotModified(f"container {ref} is already running")
            entry.restart.begin()
            try:
                await self._start(entry, trace)
            except errors.SeacanError:
                if entry.record.host_config.get("AutoRemove"):
                    await self._remove(entry, volumes=True)
                raise

    async def _start(self, entry: Entry, trace: int = NOT_TRACED) -> None:
        await entry.wait_buried()
        await entry.wait_unmounted()
        mark(trace, "daemon", "nothing of an earlier start is left")
        prepare = functools.partial(
            start.prepare, self._context, entry.record, entry.bundle, self.get
        )
        with self._context.measures.container_actions.timed("start"):
            await entry.start(prepare, trace)

    async def stop(self, ref: str, *, timeout_s: int | None, signal: str | None) -> None:
        self.find(ref)
        number = stop.parse(signal, doing=f"cannot stop container: {ref}")
        async with self._held(ref) as entry:
            if not entry.record.is_active:
                raise errors.NotModified(f"container {ref} is already stopped")
            end = await self._ask_to_end(entry, number)
        await stop.finish(entry, end, timeout_s)

    async def restart(self, ref: str, *, timeout_s: int | None, signal: str | None) -> None:
        entry = self.find(ref)
        number = stop.parse(signal, doing=f"Cannot restart container {ref}")
        with entry.held_back():
            async with self._held(ref):
                is_active = entry.record.is_active
                end = await self._ask_to_end(entry, number) if is_active else None
            if is_active:
                await stop.finish(entry, end, timeout_s)
        async with self._held(entry.record.id):
            if not entry.record.is_active:  # else somebody else has started it meanwhile
                entry.restart.begin()
                await self._start(entry)
            entry.tell("restart")

    async def _ask_to_end(self, entry: Entry, signal: int | None) -> anyio.Event | None:
        """Ask a container that is active, whose lock is held, to end for good."""
        await entry.stop_by_hand()
        return await stop.ask(entry, signal)

    async def kill(self, ref: str, *, signal: str | None) -> None:
        try:
            number = parse_signal(signal or "SIGKILL")
            entry = self.find(ref)
            if not entry.record.is_backing_off:
                entry.running_shim()
            if await stop.stop_restarts(entry, number):
                return
        except errors.SeacanError as err:
            raise type(err)(f"cannot kill container: {ref}: {err}") from None
        await stop.send(entry, number)

    async def pause(self, ref: str) -> None:
        await pause.pause(self.find(ref))

    async def unpause(self, ref: str) -> None:
        await pause.unpause(self.find(ref))

    # -- changing ---------------------------------------------------------------------------------

    async def rename(self, ref: str, name: str) -> None:
        if not name:
            raise errors.InvalidArgument("Neither old nor new names may be empty")
        entry = self.find(ref)
        await rename.rename(entry, self._names, name)
        self._context.sandboxes.renamed(entry.record)

    async def connect(self, ref: str, network: str, settings: EndpointSettings) -> None:
        with self._context.measures.network_actions.timed("connect"):
            await connections.connect(self._context, self._named(ref), network, settings)

    async def disconnect(self, ref: str, network: str) -> None:
        await connections.disconnect(self._context, self._named(ref), network)

    def _named(self, ref: str) -> Entry:
        if not ref:
            raise errors.InvalidArgument('invalid name or ID supplied: ""')
        return self.find(ref)

    async def update(self, ref: str, request: ContainerUpdate) -> Sequence[str]:
        """Change limits and ports and return warnings; what `request` does not name stays."""
        changes, warnings = update.changes_of(request, self._context.host)
        await update.update(self.find(ref), self._context.sandboxes.publications, changes, request)
        return warnings

    async def _on_exit(self, entry: Entry) -> None:
        self.execs.container_ended(entry)
        if entry.record.is_backing_off:
            self._context.tasks.start_soon(self._start_again, entry)
        elif not entry.is_held_back:
            await self._auto_remove(entry)

    async def _auto_remove(self, entry: Entry) -> None:
        if entry.record.host_config.get("AutoRemove"):
            async with entry.lock:
                if entry.record.id in self._entries and not entry.record.is_active:
                    await self._remove(entry, volumes=True)

    async def _start_again(self, entry: Entry) -> None:
        """Start it when its back-off is over, unless it is stopped before."""
        if not await entry.restart.wait():
            return
        async with entry.lock:
            if not entry.record.is_backing_off:
                return
            exit_code = entry.record.state.exit_code
            try:
                await self._start(entry)
            except errors.SeacanError as err:
                log.error("container does not start again", id=entry.record.id, error=err)
                entry.record.state.exit_code = exit_code  # what it is to show is its last end
                await entry.give_up_restart()

    async def resume(self, entry: Entry) -> None:
        """Do what is to follow where a new daemon finds a container ended. Nothing has begun yet.

        Its restarts are counted from nothing again, and the first has no delay, as dockerd's.
        """
        record = entry.record
        if record.is_running or record.state.started_at == NEVER:
            return
        if record.is_backing_off or is_wanted(record):
            entry.restart.begin()
            record.state.status = Status.RESTARTING
            self._context.tasks.start_soon(self._start_again, entry)
        else:
            await self._auto_remove(entry)

    # -- removing ---------------------------------------------------------------------------------

    async def remove(self, ref: str, *, force: bool, volumes: bool) -> None:
        """Remove a container, with `volumes` also its anonymous ones that no other has."""
        async with self._held(ref) as entry:
            if entry.record.is_active and not force:
                why = (
                    "container is paused and must be unpaused first"
                    if entry.record.is_paused
                    else f"container is {entry.record.state.status}: "
                    "stop the container before removing or force remove"
                )
                raise errors.Conflict(f'cannot remove container "{ref}": {why}')
            with entry.held_back():  # this removes it, not its end
                if entry.record.is_active:
                    await entry.stop_by_hand()
                    await stop.kill(entry)
                await self._remove(entry, volumes=volumes)

    async def remove_link(self, ref: str) -> None:
        """Remove a link, `CONTAINER/ALIAS`. Raises NotFound, Conflict in Docker's words."""
        found = links.named(ref, self.get)
        if found is None:
            self.find(ref)
            raise errors.Conflict("Conflict, cannot remove the default link name of the container")
        owner, link = found
        await link_removal.remove(self._context, self.find(owner.id), link, self.get)

    async def prune(self, wanted: Filters) -> Pruned:
        """Remove what does not run; `wanted` are the API's filters."""

        async def remove(record: Container) -> None:
            await self.remove(record.id, force=False, volumes=False)

        if self._is_pruning:
            raise errors.Conflict("a prune operation is already running")
        self._is_pruning = True
        try:
            return await prune.prune(self._context, self.all_records(), wanted, remove)
        finally:
            self._is_pruning = False

    async def _remove(self, entry: Entry, *, volumes: bool) -> None:
        with anyio.CancelScope(shield=True):
            await entry.wait_buried()
            remove = functools.partial(belongings.remove, volumes=volumes)
            with self._context.measures.container_actions.timed("delete"):
                await anyio.to_thread.run_sync(remove, self._context, entry.record)
            del self._entries[entry.record.id]
            self._names.give_back(entry.record.name)
            self.execs.container_removed(entry)
            entry.removed()
            entry.tell("destroy")

    # -- looking on -------------------------------------------------------------------------------

    def wait(self, ref: str, condition: str) -> Wait:
        """Begin to wait for `condition`: not-running, next-exit or removed."""
        if condition not in ("not-running", "next-exit", "removed"):
            raise errors.InvalidArgument(f'invalid condition: "{condition}"')
        return Wait(self.find(ref).wait(condition))

    def stats(self, ref: str) -> Source:
        """Return where readings of what the container uses come from."""
        return Source(self.find(ref), self._feeds)

    async def top(self, ref: str, arguments: str) -> Top:
        """Return its processes as ps(1) of the host shows them, given `arguments`."""
        top.check_arguments(arguments)
        entry = self.find(ref)
        entry.running_shim()
        found = await anyio.to_thread.run_sync(top.top, entry.record.cgroup_path, arguments)
        entry.tell("top")
        return found

    def places(self, ref: str) -> Places:
        """Return where it is on this host. Raises Conflict unless it runs."""
        entry = self.find(ref)
        entry.running_shim()
        return Places(entry.bundle.path, self._context.settings.data_root.path)
