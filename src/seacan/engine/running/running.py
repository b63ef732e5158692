"""A container while it lives: from the request to start it to its end.

The shim tells what happens; this side keeps the record true to it, in memory and on disk, and wakes
those who wait. Where the shim died without a word, this side ends what it left.
"""

import contextlib
import functools
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup

from seacan import errors, log
from seacan.engine.containers.container import Container, Exit, ProbeResult, Status
from seacan.engine.database import Database
from seacan.engine.events.events import Events
from seacan.engine.networks.sandboxes import Sandboxes
from seacan.engine.running import states
from seacan.engine.running.ends import (
    end_processes,
    exit_of,
    put_away,
    read_exit,
    start_error,
)
from seacan.engine.running.health import Check, Monitor
from seacan.engine.running.restart import Restart, has_policy, matters_at_boot
from seacan.engine.running.waiting import Waiter, Waiters
from seacan.engine.trash import Trash
from seacan.engine.volumes import subpaths
from seacan.engine.volumes.volumes import Volumes
from seacan.network.definition import Sandbox
from seacan.paths import BundleDirectory, ExecRoot
from seacan.supervisor import protocol
from seacan.supervisor import shim_client as supervisor
from seacan.supervisor.launcher_client import Launcher
from seacan.supervisor.protocol import AttachRequest, Message, StartRequest
from seacan.trace import NOT_TRACED, mark

_LOST: Final = "its shim ended without saying how the container did"


class Entry:
    """One container of the daemon: its record, and what is alive of it."""

    def __init__(
        self,
        record: Container,
        *,
        exec_root: ExecRoot,
        database: Database,
        launcher: Launcher,
        tasks: TaskGroup,
        events: Events,
        sandboxes: Sandboxes,
        trash: Trash,
        volumes: Volumes,
        on_exec_event: Callable[[Message], None],
        on_exit: "Callable[[Entry], Awaitable[None]]",
        probe: "Callable[[Entry, Check], Awaitable[ProbeResult]]",
        on_unhealthy: "Callable[[Entry], Coroutine[Any, Any, None]]",
    ) -> None:
        self.record = record
        # Start, remove, and what a stop begins with, one at a time; the end of the container itself
        # needs no lock, and nobody waits for it with the lock held, but for a kill.
        self.lock = anyio.Lock()
        # Pause, unpause and rename, one at a time; they do not wait for a stop that takes long.
        self.changing = anyio.Lock()
        # What it has of networks: given, changed and given back, one at a time.
        self.networking = anyio.Lock()
        self.is_removed = False
        self.shim: supervisor.Shim | None = None
        self._holders_back = 0
        self.restart = Restart(record)
        self.health = Monitor(
            record,
            tasks=tasks,
            probe=functools.partial(probe, self),
            tell=self.tell,
            on_unhealthy=functools.partial(on_unhealthy, self),
        )
        self.bundle: BundleDirectory = exec_root.bundle(record.id)
        self._runtime_root = exec_root.runtime
        self._subpaths = exec_root.subpaths / record.id
        self._database = database
        self._launcher = launcher
        self._tasks = tasks
        self._events = events
        self._sandboxes = sandboxes
        self._trash = trash
        self._volumes = volumes
        self._on_exec_event = on_exec_event
        self._on_exit = on_exit
        self._ended = anyio.Event()
        self._buried = anyio.Event()
        self._buried.set()
        self._unmounted = anyio.Event()
        self._unmounted.set()
        self._waiters = Waiters()
        # Those who wait for the start.
        self._clients: list[tuple[socket.socket, AttachRequest]] = []
        self.starts = 0  # that were begun

    # -- start ------------------------------------------------------------------------------------

    async def start(
        self,
        prepare: Callable[[supervisor.WaitingShim, Sandbox | None], StartRequest],
        trace: int = NOT_TRACED,
    ) -> None:
        """Start the container in its bundle, as `prepare` decides in a worker thread."""
        async with self.networking:
            try:
                shim = await self._start(prepare, trace)
            except BaseException as err:
                await self._start_failed(err)
                raise
            states.started(self.record.state, shim.init_pid, shim.started_at_ns)
            # Before its end can be told, hence before anything is waited for.
            self._volumes.events.mounted(self.record)
            self._sandboxes.started(self.record, shim)
            self.tell("start")
            self.adopt(shim)
        await self._attach_late()
        await anyio.to_thread.run_sync(self._save_run)
        mark(trace, "daemon", "record kept")

    async def _start(
        self,
        prepare: Callable[[supervisor.WaitingShim, Sandbox | None], StartRequest],
        trace: int,
    ) -> supervisor.Shim:
        with await self._launcher.shim() as waiting:
            mark(trace, "daemon", "shim of the launcher, with a network namespace")
            sandbox = await self._sandboxes.plan(self.record)
            mark(trace, "daemon", "addresses and ports chosen")
            try:
                request = await anyio.to_thread.run_sync(prepare, waiting, sandbox)
                await self._sandboxes.relay(self.record, self.bundle, waiting)
                mark(trace, "daemon", "bundle written, network made")
                return await self._tell_shim(waiting, request, trace)
            finally:
                if any(point.subpath for point in self.record.mount_points):
                    with anyio.CancelScope(shield=True):
                        await anyio.to_thread.run_sync(subpaths.unmount, self._subpaths)

    async def _tell_shim(
        self, waiting: supervisor.WaitingShim, request: StartRequest, trace: int
    ) -> supervisor.Shim:
        """Start it, with the clients that have come so far."""
        self.starts += 1
        clients, self._clients = self._clients, []
        request["attachments"] = [attachment for _, attachment in clients]
        sockets = [client for client, _ in clients]
        try:
            shim = await supervisor.start(waiting, self.bundle, request, sockets, trace)
            mark(trace, "daemon", "shim has answered")
            return shim
        except errors.SeacanError as err:
            raise type(err)(start_error(str(err), is_own="runtime" not in request)) from err
        finally:
            for client in sockets:
                client.close()

    async def _attach_late(self) -> None:
        """Attach those who came while it was being started."""
        clients, self._clients = self._clients, []
        for client, request in clients:
            with contextlib.suppress(errors.Conflict):  # it has ended already
                await self.attach(client, request)

    async def abandon_start(self) -> None:
        """Give back what was made for a start that did not come to pass."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._discard_bundle)
        self._sandboxes.leave(self.record)

    async def _start_failed(self, why: BaseException) -> None:
        sandbox = self.record.sandbox
        await self.abandon_start()
        with anyio.CancelScope(shield=True):
            states.start_failed(self.record.state, why)
            await self.save()
        self._sandboxes.ended(self.record, sandbox)

    def adopt(self, shim: supervisor.Shim) -> None:
        """Follow a running shim, one just started or one from before this daemon."""
        self.shim = shim
        self._ended = anyio.Event()
        self._unmounted = anyio.Event()
        if self.record.state.status is Status.RUNNING:
            self.health.begin()
        name = f"container {self.record.name}"
        self._tasks.start_soon(self._follow, shim, self._unmounted, name=name)

    # -- end --------------------------------------------------------------------------------------

    async def _follow(self, shim: supervisor.Shim, unmounted: anyio.Event) -> None:
        """Take note of what the shim tells, and set `unmounted` when it has nothing any more."""
        try:
            await self._take_note(shim)
        finally:
            unmounted.set()

    async def _take_note(self, shim: supervisor.Shim) -> None:
        has_ended = False
        async for event in shim.events():
            match event["event"]:
                case "exited":
                    has_ended = True
                    # Not awaited: what follows from it may wait for the shim's own end.
                    self._tasks.start_soon(self.ended, exit_of(event))
                case "oom":
                    await self._ran_out_of_memory()
                case "detached" if event["exec_id"] is None:
                    self.tell("detach")
                case _:
                    self._on_exec_event(event)
        if not has_ended:
            self._tasks.start_soon(self.ended, None)

    async def _ran_out_of_memory(self) -> None:
        self.record.state.oom_killed = True
        self.tell("oom")
        await self.save()

    async def ended(self, end: protocol.Exit | None) -> None:
        """Record the end, and what is to follow by policy; None if the shim did not say how."""
        with anyio.CancelScope(shield=True):
            self.health.stop()
            error = ""
            if end is None:
                end = await anyio.to_thread.run_sync(read_exit, self.bundle)
            if end is None:
                end, error = self._lost_end(), _LOST
            async with self.networking:
                await self._end(end, error)
            await self._on_exit(self)

    async def _end(self, end: protocol.Exit, error: str) -> None:
        self._buried = anyio.Event()
        sandbox = self.record.sandbox
        self._sandboxes.leave(self.record)
        ran_ns = self._note_end(end, error)
        try:
            await anyio.to_thread.run_sync(self._bury)
        finally:
            self._buried.set()
        self._tell_end(sandbox, ran_ns)
        self._ended.set()
        self._waiters.wake("not-running", "next-exit", end=Exit(end["status"], error))

    def _note_end(self, end: protocol.Exit, error: str) -> int:
        """Bring the record up to date; return how long it ran, in ns."""
        self.shim = None
        state = self.record.state
        ran_ns = states.ended(state, end, error)
        if not self.is_held_back and self.restart.after_end(ran_ns / 1e9):
            state.status = Status.RESTARTING
        if end["oom_killed"] and not state.oom_killed:
            state.oom_killed = True
            self.tell("oom")
        self.record.exec_ids.clear()
        return ran_ns

    async def wait_buried(self) -> None:
        """Wait, if its end is known just now, until nothing of its start is in its place."""
        await self._buried.wait()

    async def wait_unmounted(self) -> None:
        """Wait, if its end is known just now, until its layer is mounted nowhere any more.

        No deadline: the shim's death ends it, too.
        """
        await self._unmounted.wait()

    def _tell_end(self, sandbox: Sandbox | None, ran_ns: int) -> None:
        self._sandboxes.ended(self.record, sandbox)
        self._volumes.events.unmounted(self.record)
        duration = {"execDuration": str(ran_ns // 1_000_000_000)}
        self.tell("die", {"exitCode": str(self.record.state.exit_code), **duration})

    async def stop_by_hand(self) -> None:
        """Have no start follow by itself, not even by the next daemon."""
        self.restart.cancel()
        if has_policy(self.record):
            await self.save()
        if self.record.is_backing_off:
            await self.give_up_restart()

    async def give_up_restart(self) -> None:
        """Let it be ended, for those, too, who have waited for its next end."""
        state = self.record.state
        state.status = Status.EXITED
        await self.save()
        self._waiters.wake("not-running", "next-exit", end=Exit(state.exit_code, state.error))

    def _lost_end(self) -> protocol.Exit:
        log.error("shim is gone, ending its container", id=self.record.id)
        return protocol.Exit(status=137, oom_killed=False, finished_at_ns=time.time_ns())

    def _bury(self) -> None:
        """Keep the record of its end, and give back what it held.

        In this order: who kills the daemon in between leaves the status in the bundle or here.
        """
        self._save_run()
        self._discard_bundle()

    def _discard_bundle(self) -> None:
        """Give back all that a start makes: processes, cgroup, runtime's state, bundle, mounts."""
        end_processes(self.record.cgroup_path)
        # As long as there is a bundle, the next daemon knows that they may be mounted.
        self._volumes.mounts.unmount(self.record)
        put_away(self.bundle, self._runtime_root.joinpath(self.record.id), self._trash)

    # -- for those who wait -----------------------------------------------------------------------

    def wait(self, condition: str) -> Waiter:
        """Return a waiter, registered now; it is done already if there is nothing to wait for."""
        waiter = Waiter(condition)
        is_told = self._buried.is_set()  # else its end is known, and told in a moment
        if condition == "not-running" and not self.record.is_active and is_told:
            waiter.exit = Exit(self.record.state.exit_code)
            waiter.done.set()
        else:
            self._waiters.add(waiter)
        return waiter

    def removed(self) -> None:
        """Let go of everyone: the container is no more."""
        self.is_removed = True
        # Without the error of a start that failed: who asked for the start has been told.
        end = Exit(self.record.state.exit_code)
        self._waiters.wake("not-running", "next-exit", "removed", end=end)
        for client, _ in self._clients:
            client.close()
        self._clients.clear()

    @property
    def end(self) -> anyio.Event:
        """What is set once the end of this run is recorded; the next run has another."""
        return self._ended

    @contextlib.contextmanager
    def held_back(self) -> Iterator[None]:
        """Have its end be a part of something else meanwhile: nothing follows from it by itself."""
        self._holders_back += 1
        try:
            yield
        finally:
            self._holders_back -= 1

    @property
    def is_held_back(self) -> bool:
        return self._holders_back > 0

    # -- while it runs ----------------------------------------------------------------------------

    def running_shim(self) -> supervisor.Shim:
        if self.record.is_backing_off:
            raise errors.Conflict(
                f"Container {self.record.id} is restarting, wait until the container is running"
            )
        if self.shim is None:
            raise errors.Conflict(f"container {self.record.id} is not running")
        return self.shim

    async def attach(self, client: socket.socket, request: AttachRequest) -> None:
        """Hand a client's connection to the shim: now, or when there is one."""
        if self.shim is None:
            self._clients.append((client, request))
            return
        with client:
            await self.shim.attach(client, request)

    async def signal(self, number: int) -> None:
        """Send its first process a signal. Raises Conflict if it does not run."""
        await self.running_shim().signal(number)
        self.tell("kill", {"signal": str(number)})

    def tell(self, action: str, attributes: Mapping[str, str] = {}) -> None:
        """Publish that this happened to it."""
        self._events.publish(action, self.record, attributes)

    async def save(self) -> None:
        await anyio.to_thread.run_sync(self._database.save, self.record)

    def _save_run(self) -> None:
        """Keep the record of its start or end."""
        self._database.save(self.record, outlives_power_cut=matters_at_boot(self.record))
