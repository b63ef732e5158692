"""From a container's record to what its shim is told: everything is decided here, nothing started.

Blocks; called in a worker thread.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from seacan import errors
from seacan.engine.bundle import (
    apparmor,
    bundle,
    devices,
    image_mounts,
    mounts,
    overlay,
    seccomp_profile,
    security,
    shared_memory,
    sharing,
    user_namespaces,
    users,
)
from seacan.engine.bundle.bundle import BundleInputs, has_init
from seacan.engine.bundle.project_quotas import ProjectQuotas
from seacan.engine.bundle.sharing import Find, Shared
from seacan.engine.bundle.users import User
from seacan.engine.containers.container import Container
from seacan.engine.context import Context
from seacan.engine.creation import mount_points, storage_options
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.creation.requests import normalise
from seacan.engine.host import Host
from seacan.engine.logs import plan as log_plan
from seacan.engine.networks import etc_files as network_files
from seacan.engine.networks import interface_sysctls, links
from seacan.engine.volumes import subpaths
from seacan.network.definition import Sandbox
from seacan.paths import BundleDirectory, ContainerDirectory
from seacan.spec import runtime
from seacan.spec.engine_api import HostConfig
from seacan.supervisor.protocol import IdMap, LogRequest, RootfsRequest, StartRequest
from seacan.supervisor.shim_client import WaitingShim


def make_directory(directory: ContainerDirectory, record: Container, quotas: ProjectQuotas) -> None:
    """Make the writable layer of a new container."""
    directory.path.mkdir(mode=0o710)
    layer = (directory.upper, directory.work)  # files are renamed from one to the other
    for path in layer:
        path.mkdir(mode=0o755)
    if limit_bytes := storage_options.limit_bytes(record.host_config):
        quotas.assign(layer, limit_bytes)
    _write_file(directory.upper / ".dockerenv", b"", 0o755)


def _write_file(path: Path, data: bytes, mode: int) -> None:
    with open(path, "xb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)


def prepare(
    context: Context,
    record: Container,
    directory: BundleDirectory,
    find: Find,
    shim: WaitingShim,
    sandbox: Sandbox | None,
    lower: list[Path] | None = None,
) -> StartRequest:
    """Write the bundle of a container, make what it has of networks; return what to tell its shim.

    `find` finds the others whose namespaces it joins. `lower` are the directories of its image, if
    it does not hold them itself. Raises what cannot be given now: a user that the image does not
    know, a device that is gone, a container that does not run.
    """
    host_config = record.host_config
    container = context.data_root.container(record.id)
    id_map = user_namespaces.of_container(host_config, context.settings.id_map)
    user_namespaces.check(host_config, context.settings.id_map)
    shared = _share(context, record, find, shim, sandbox, has_map=id_map is not None)
    # The directory of an earlier start is gone; of one that was cut short, nothing counts. It is
    # there before plugins mount anything: that tells the next daemon to have it unmounted.
    directory.rootfs.mkdir(mode=0o700, parents=True, exist_ok=True)
    points = _mount_points(context, record, is_holder=lower is None)
    if lower is None:
        lower = context.images.snapshots.held_directories(record.id)
    layers = rootfs(context, container, lower, id_map=id_map)
    layers["shares_mounts"] = mounts.root_propagation(points) == mounts.SHARED
    if id_map is not None:
        layers["images"], points = image_mounts.as_views(points, directory, context.data_root.empty)
    parts = context.exec_root.subpaths / record.id
    whole, points = points, subpaths.with_places(points, parts)
    user = _find_user(record, [container.upper, *lower])
    oci = _config(context, record, points, user, shared)
    record.apparmor_profile = oci["process"].get("apparmorProfile", "")
    if record.apparmor_profile == apparmor.DEFAULT:
        apparmor.load_default()
    log = log_plan.request(record, container)
    directory.config.write_bytes(msgspec.json.encode(oci))
    if host_config.get("IpcMode") == shared_memory.SHAREABLE:
        shared_memory.mount(directory.shm, host_config.get("ShmSize") or 0)
    if sandbox is not None:
        network = shim.network if sharing.has_own_network(host_config) else None
        context.sandboxes.make(record, sandbox, network, directory)
    request = _request(context, record, directory, layers, log)
    if sandbox is not None and (sysctls := interface_sysctls.of_sandbox(record.networks, sandbox)):
        request["sysctls"] = sysctls
    # Only where nothing of the host is mounted, which is expected to be free by then.
    request["unmounts_last"] = not points and not host_config.get("Privileged")
    subpaths.mount(whole, parts)
    return request


def _request(
    context: Context,
    record: Container,
    directory: BundleDirectory,
    layers: RootfsRequest,
    log: LogRequest | None,
) -> StartRequest:
    request = StartRequest(
        id=record.id,
        bundle=str(directory.path),
        cgroup_path=record.cgroup_path,
        runtime_root=str(context.exec_root.runtime),
        rootfs=layers,
        unmounts_last=False,
        has_init=has_init(record.host_config),
        has_network=sharing.has_own_network(record.host_config),
        terminal=record.tty,
        stdin=bool(record.config.get("OpenStdin")),
        stdin_once=bool(record.config.get("StdinOnce")),
        log=log,
        attachments=[],
    )
    if command := context.host.runtimes[record.host_config.get("Runtime") or ""]:
        request["runtime"] = [*command]
    return request


def _mount_points(context: Context, record: Container, *, is_holder: bool) -> list[MountPoint]:
    """Return what is mounted, prepared; with `is_holder` it holds the layers of images itself."""
    mounts.prepare_sources(record.mount_points)
    record.mount_points = list(context.volumes.mounts.mount(record))
    record.mounts = mount_points.to_wire(record.mount_points, record.host_config)
    if not is_holder:
        return record.mount_points
    return image_mounts.with_directories(record.id, record.mount_points, context.images.snapshots)


def _config(
    context: Context,
    record: Container,
    points: Sequence[MountPoint],
    user: User,
    shared: Shared,
) -> runtime.Config:
    host_config = record.host_config
    return bundle.make_config(
        BundleInputs(
            config={**record.config, "Env": record.environment},
            host_config=host_config,
            mounts=points,
            user=user,
            devices=devices.find(host_config),
            cgroup_path=record.cgroup_path,
            shared=shared,
            host=context.host,
            seccomp=find_seccomp(context.host, host_config),
            init=str(context.data_root.init),
        )
    )


def _share(
    context: Context,
    record: Container,
    find: Find,
    shim: WaitingShim,
    sandbox: Sandbox | None,
    *,
    has_map: bool,
) -> Shared:
    """Return the namespaces that a container joins, of `shim` too; write its network files."""
    shared = sharing.find_shared(context, record, find)
    if has_map:
        shared = user_namespaces.joined(shared, shim.user_path)
    if sharing.has_own_network(record.host_config):
        shared = sharing.with_own_network(shared, shim.network.path)
    if shared.network is not None:
        sharing.take_network(record, shared.network)
    elif shared.network_files:
        _write_network_files(context, record, find, sandbox)
    return shared


def _write_network_files(
    context: Context, record: Container, find: Find, sandbox: Sandbox | None
) -> None:
    """Write hostname, hosts and resolv.conf, with what its links add."""
    linked = links.look_up(record, find)
    record.link_environment = [*linked.environment]
    network_files.write(
        context.data_root.container(record.id),
        record.config,
        record.host_config,
        sandbox,
        linked.hosts,
        context.networks.host_gateways,
        has_resolver=sandbox is not None and context.sandboxes.has_resolver(sandbox),
    )


def _find_user(record: Container, layers: list[Path]) -> User:
    accounts = users.read_accounts(lambda path: overlay.open_file(layers, path))
    return users.find_user(
        record.config.get("User") or "", record.host_config.get("GroupAdd") or [], accounts
    )


def sample_config(host: Host, init: Path) -> runtime.Config:
    """Return config.json of a container that asks for nothing special."""
    normalised = normalise({"Cmd": ["/sample"]}, {}, "sample", host)
    return bundle.make_config(
        BundleInputs(
            config=normalised.config,
            host_config=normalised.host_config,
            mounts=normalised.mounts,
            user=users.find_user("", [], users.Accounts(b"", b"")),
            devices=devices.find(normalised.host_config),
            cgroup_path="/sample",
            shared=Shared(),
            host=host,
            seccomp=find_seccomp(host, normalised.host_config),
            init=str(init),
        )
    )


def find_seccomp(host: Host, host_config: HostConfig) -> runtime.LinuxSeccomp | None:
    """Return the filter that a container is to run under; None for unconfined."""
    asked = security.parse(host_config.get("SecurityOpt") or []).seccomp
    if asked == security.UNCONFINED or (host_config.get("Privileged") and not asked):
        return None
    granted = frozenset(bundle.container_capabilities(host_config, host))
    machine, kernel = os.uname().machine, host.kernel
    if asked in ("", security.BUILTIN):
        return seccomp_profile.default_profile(granted, machine, kernel)
    return seccomp_profile.load_profile(asked.encode(), granted, machine, kernel)


def rootfs(
    context: Context,
    container: ContainerDirectory,
    lower: list[Path],
    *,
    id_map: IdMap | None = None,
) -> RootfsRequest:
    """Return the overlay of a container whose image has the directories `lower`."""
    root = context.data_root.path

    def relative(path: Path) -> str:
        return str(path.relative_to(root))

    request = RootfsRequest(
        directory=str(root),
        # overlayfs wants one, also below an image without layers.
        lower=[relative(path) for path in lower or [context.data_root.empty]],
        upper=relative(container.upper),
        work=relative(container.work),
        shares_mounts=False,
    )
    if id_map is not None:
        request["id_map"] = id_map
    return request


def check_seccomp(host: Host, host_config: HostConfig) -> None:
    """Refuse a profile that could not be loaded at the start. Raises InvalidArgument."""
    try:
        find_seccomp(host, host_config)
    except errors.InvalidArgument as err:
        raise errors.InvalidArgument(f"invalid --security-opt seccomp: {err}") from err
