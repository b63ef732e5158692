"""The commands of builds: containers that nobody sees, from start to end within one call.

A step has what a container has on disk and of networks, under an id of its own, but neither name
nor row, and nothing is told of it. So the next daemon takes what a killed one left of it for the
debris that it is: reconcile.py.
"""

import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio

from seacan import errors, ids
from seacan.build.groups import unwrapped
from seacan.build.running import Output, Ran, RunStep, StepMount
from seacan.engine.builds.start_traces import StartTraces
from seacan.engine.bundle import image_mounts, overlay, start, users
from seacan.engine.containers import belongings
from seacan.engine.containers.container import Container
from seacan.engine.context import Context
from seacan.engine.creation import tmpfs
from seacan.engine.creation.mount_points import MountPoint, clean
from seacan.engine.creation.requests import normalise
from seacan.engine.networks import endpoint_settings
from seacan.engine.running.ends import discard, exit_of
from seacan.engine.times import rfc3339
from seacan.engine.volumes import copy_up
from seacan.ids import ContainerId
from seacan.paths import BundleDirectory
from seacan.spec import stdcopy
from seacan.spec.engine_api import ContainerCreate
from seacan.supervisor import protocol
from seacan.supervisor import shim_client as supervisor

_CHUNK_BYTES: Final = 1 << 16
_KILL: Final = 9
_KILL_DEADLINE_S: Final = 10.0
# Made for every start beside the mounts. Source: moby, daemon/initlayer.
_FOR_THE_START: Final = (
    "/.dockerenv", "/dev/console", "/dev/pts", "/dev/shm", "/dev/mqueue", "/proc", "/sys",
    "/etc/resolv.conf", "/etc/hosts", "/etc/hostname",
)  # fmt: skip


class BuildSteps:
    """Meets build.running.StepRunner."""

    def __init__(self, context: Context, find: Callable[[str], Container]) -> None:
        self._context = context
        self._find = find

    @asynccontextmanager
    async def run(
        self, step: RunStep, started: Callable[[str], Awaitable[None]], output: Output
    ) -> AsyncIterator[Ran]:
        context = self._context
        record = self._record(step)
        directory = context.data_root.container(record.id)
        targets = [*_FOR_THE_START, *(mount.target for mount in step.mounts)]
        traces = StartTraces(step.layers, targets)
        try:
            await anyio.to_thread.run_sync(start.make_directory, directory, record, context.quotas)
            await started(record.id)
            end = await self._run(record, step, output)
            await anyio.to_thread.run_sync(traces.remove, directory.upper)
            yield Ran(end["status"], directory.upper)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(belongings.remove_directory, context, directory)

    def find_owner(self, layers: Sequence[Path], spec: str) -> tuple[int, int]:
        accounts = users.read_accounts(lambda path: overlay.open_file(layers, path))
        return users.find_owner(spec, accounts)

    def copy_up(self, layers: Sequence[Path], path: str, directory: Path) -> None:
        copy_up.copy_up(layers, path, directory)

    def has_directory(self, layers: Sequence[Path], path: str) -> bool:
        return copy_up.has_directory(layers, path)

    def _record(self, step: RunStep) -> Container:
        """Return the record of a container that is never kept. Raises InvalidArgument."""
        context, created_ns = self._context, time.time_ns()
        container_id = ContainerId(ids.new_id())
        request: ContainerCreate = {
            "Entrypoint": [step.argv[0]],
            "Cmd": [*step.argv[1:]],
            "Env": [*step.environment],
            "User": step.user,
            "WorkingDir": step.working_dir or "/",
            "Hostname": step.hostname,
            "HostConfig": {**step.host_config, "LogConfig": {"Type": "none"}},
        }
        network = context.networks.default
        normalised = normalise(request, {}, container_id, context.host, (), network)
        start.check_seccomp(context.host, normalised.host_config)
        networks = endpoint_settings.of_request(
            request, normalised.host_config, context.networks.get
        )
        directory = context.data_root.container(container_id)
        has_network = not normalised.config.get("NetworkDisabled")
        return Container(
            id=container_id,
            name=container_id,
            created_at=rfc3339(created_ns),
            created_s=created_ns // 1_000_000_000,
            image_id="",
            image="",
            path=normalised.path,
            args=normalised.args,
            config=normalised.config,
            host_config=normalised.host_config,
            platform="linux",
            cgroup_path=context.cgroup_path(normalised.host_config, container_id),
            log_path="",
            hostname_path=str(directory.hostname) if has_network else "",
            hosts_path=str(directory.hosts) if has_network else "",
            resolv_conf_path=str(directory.resolv_conf) if has_network else "",
            mount_points=[_mount_point(mount) for mount in step.mounts],
            networks=networks,
        )

    async def _run(self, record: Container, step: RunStep, output: Output) -> protocol.Exit:
        """Return how the command ended; nothing of it but its layer is left then."""
        context = self._context
        bundle = context.exec_root.bundle(record.id)
        own, theirs = socket.socketpair()
        try:
            with own:
                own.setblocking(False)
                with theirs, await context.launcher.shim() as waiting:
                    shim = await self._start(record, step, waiting, theirs)
                if record.sandbox is not None:
                    context.sandboxes.step_started(record, shim)
                end = await _follow(shim, own, output)
            if end is None:
                raise errors.Internal("build step: its shim ended without saying how the step did")
            return end
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._discard, record, bundle)
            context.sandboxes.leave(record)

    def _discard(self, record: Container, bundle: BundleDirectory) -> None:
        context = self._context
        bundle.config.unlink(missing_ok=True)  # secrets may be in there: it is not to lie in trash
        discard(bundle, context.exec_root.runtime / record.id, record.cgroup_path, context.trash)

    async def _start(
        self,
        record: Container,
        step: RunStep,
        waiting: supervisor.WaitingShim,
        client: socket.socket,
    ) -> supervisor.Shim:
        context = self._context
        bundle = context.exec_root.bundle(record.id)
        sandbox = await context.sandboxes.plan(record)
        request = await anyio.to_thread.run_sync(
            start.prepare, context, record, bundle, self._find, waiting, sandbox, [*step.layers]
        )
        request["attachments"] = [
            protocol.AttachRequest(
                stdin=False, stdout=True, stderr=True, framed=True, detach_keys="", early=""
            )
        ]
        return await supervisor.start(waiting, bundle, request, [client])


def _mount_point(mount: StepMount) -> MountPoint:
    target = clean(mount.target)
    match mount.type:
        case "tmpfs":
            options = [f"size={mount.size_bytes}"] if mount.size_bytes else []
            return MountPoint("tmpfs", target, tmpfs_options=tmpfs.merge(options))
        case "layers":
            return _of_layers(mount, target)
        case "bind":
            return MountPoint(
                "bind",
                target,
                source=mount.source,
                is_writable=not mount.is_read_only,
                propagation="rprivate",
                is_recursive=False,
                is_ours=True,
            )


def _of_layers(mount: StepMount, target: str) -> MountPoint:
    """Return the mount of what is in another root, to be read."""
    directories = image_mounts.directories(mount.layers, mount.subpath.strip("/"))
    if len(directories) > 1:
        return MountPoint("image", target, source=":".join(directories), is_writable=False)
    if not directories:
        fd = overlay.open_file(mount.layers, mount.subpath)
        if fd is None:
            raise errors.InvalidArgument(f"mount {mount.target}: {mount.subpath}: not found")
        with open(fd, "rb") as file:
            directories = [str(Path(f"/proc/self/fd/{file.fileno()}").readlink())]
    return MountPoint(
        "bind",
        target,
        source=directories[0],
        is_writable=False,
        propagation="rprivate",
        is_ours=True,
    )


async def _pump(own: socket.socket, output: Output) -> None:
    """Hand on what the command prints, up to its end."""
    pending = bytearray()
    while True:
        await anyio.wait_readable(own)
        try:
            data = own.recv(_CHUNK_BYTES)
        except ConnectionError:
            return
        if not data:
            return
        pending += data
        for stream, content in stdcopy.split_frames(pending):
            await output(content, stream == stdcopy.STREAMS["stderr"])


async def _follow(
    shim: supervisor.Shim, own: socket.socket, output: Output
) -> protocol.Exit | None:
    """Return how the command ended, once all that it printed was handed on; cancelled, kill it.

    None if the shim did not say so. No deadline.
    """
    end: protocol.Exit | None = None
    ended = anyio.Event()
    listening = anyio.CancelScope(shield=True)

    async def listen() -> None:
        nonlocal end
        with listening:
            end = await _wait_end(shim)
        ended.set()

    with unwrapped():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            tasks.start_soon(_pump, own, output)
            try:
                await ended.wait()
            except BaseException:
                listening.deadline = anyio.current_time() + _KILL_DEADLINE_S
                with anyio.CancelScope(shield=True), contextlib.suppress(errors.SeacanError):
                    await shim.signal(_KILL)
                raise
    return end


async def _wait_end(shim: supervisor.Shim) -> protocol.Exit | None:
    """Return how it ended when the shim has ended, too: until then its layer may be mounted."""
    end: protocol.Exit | None = None
    async with contextlib.aclosing(shim.events()) as events:
        async for event in events:
            if event["event"] == "exited":
                end = exit_of(event)
    return end
