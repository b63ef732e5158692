"""What a container takes from another one: its namespaces, the files of its network, its mounts.

A request names the other by name or id; it is kept by id, as the name may go to another container.
The namespaces are those of the other's first process, so it must run when this one starts. If it
ends afterwards, its network and its IPC objects last for as long as somebody is in them; of a PID
namespace the kernel ends all processes with the first.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import field
from msgspec.structs import replace

from seacan import errors
from seacan.engine.bundle import shared_memory
from seacan.engine.bundle.namespaces import HOST, other_container
from seacan.engine.bundle.namespaces import sysctls as sysctls_of
from seacan.engine.containers.container import Container
from seacan.engine.context import Context
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.networks import etc_files as network_files
from seacan.spec import runtime
from seacan.spec.engine_api import ContainerCreate, HostConfig

Find = Callable[[str], Container]

_VOLUMES_FROM_MODES: Final = ("", "ro", "rw", "z", "Z", "ro,z", "ro,Z", "rw,z", "rw,Z")


# --- when it is created -----------------------------------------------------------------------


def resolve(request: ContainerCreate, find: Find) -> ContainerCreate:
    """Return `request` with the ids of the containers whose namespaces it wants.

    A network's may be missing until the start, as with Docker. Raises InvalidArgument for another
    that is not there, or if `request` has of its own what it would take from it.
    """
    host_config: HostConfig = (request.get("HostConfig") or HostConfig()).copy()
    if other := other_container(host_config.get("IpcMode")):
        host_config["IpcMode"] = f"container:{_named(find, other).id}"
    if other := other_container(host_config.get("PidMode")):
        host_config["PidMode"] = f"container:{_named(find, other).id}"
    if other := other_container(host_config.get("NetworkMode")):
        _check_network_conflicts(request, host_config)
        with contextlib.suppress(errors.NotFound):
            host_config["NetworkMode"] = f"container:{find(other).id}"
    resolved = request.copy()
    resolved["HostConfig"] = host_config
    return resolved


def _named(find: Find, other: str) -> Container:
    try:
        return find(other)
    except errors.NotFound as err:
        raise errors.InvalidArgument(str(err)) from None


def _check_network_conflicts(request: ContainerCreate, host_config: HostConfig) -> None:
    conflicts: tuple[tuple[object, str], ...] = (
        (request.get("Hostname"), "hostname and the network mode"),
        (
            host_config.get("Links"),
            "container type network can't be used with links. "
            "This would result in undefined behavior",
        ),
        (host_config.get("Dns"), "dns and the network mode"),
        (host_config.get("ExtraHosts"), "custom host-to-IP mapping and the network mode"),
        (
            host_config.get("PortBindings") or host_config.get("PublishAllPorts"),
            "port publishing and the container type network mode",
        ),
        (request.get("ExposedPorts"), "port exposing and the container type network mode"),
        # Docker drops these two without a word.
        (host_config.get("DnsSearch"), "dns search domains and the network mode"),
        (host_config.get("DnsOptions"), "dns options and the network mode"),
    )
    for is_asked, words in conflicts:
        if is_asked:
            raise errors.InvalidArgument(f"conflicting options: {words}")


def mounts_of_others(host_config: HostConfig, find: Find) -> tuple[MountPoint, ...]:
    """Return copies of the mounts of the containers in VolumesFrom; the later one's count.

    A tmpfs is its container's own. Raises InvalidArgument in Docker's words.
    """
    points: dict[str, MountPoint] = {}
    for entry in host_config.get("VolumesFrom") or []:
        if not entry:
            raise errors.InvalidArgument("volumes-from specification cannot be an empty string")
        other, _, mode = entry.partition(":")
        if mode not in _VOLUMES_FROM_MODES:
            raise errors.InvalidArgument(f"invalid mode: {mode}")
        if not other:
            raise errors.InvalidArgument('invalid name or ID supplied: ""')
        for point in _named(find, other).mount_points:
            if point.type != "tmpfs":
                points[point.destination] = _copied(point, read_only="ro" in mode.split(","))
    return tuple(points.values())


def _copied(point: MountPoint, *, read_only: bool) -> MountPoint:
    is_writable = point.is_writable and not read_only
    # What it was made for is there already: nothing is made, and nothing copied into it.
    return replace(point, mode="", is_writable=is_writable, makes_source=False, copies_up=False)


# --- when it is started -----------------------------------------------------------------------


class Shared(msgspec.Struct, frozen=True):
    """`namespaces` to join, by kind, and `network`, the container of which one is the network.

    `network_files` by their place in the container. `shm` is the directory to bind to /dev/shm,
    empty for one of its own in its mount namespace alone.
    """

    namespaces: Mapping[runtime.NamespaceType, str] = field(default_factory=dict)
    network_files: Mapping[str, str] = field(default_factory=dict)
    network: Container | None = None
    shm: str = ""


def find_shared(context: Context, record: Container, find: Find) -> Shared:
    """Look up what `record` takes from others, at its start; what is its own is not made here.

    Raises Conflict, NotFound, InvalidArgument in Docker's words.
    """
    host_config = record.host_config
    namespaces: dict[runtime.NamespaceType, str] = {}
    network = None
    if record.config.get("NetworkDisabled"):
        files: dict[str, str] = {}
    elif other := other_container(host_config.get("NetworkMode")):
        network = _network_container(find, other, record)
        namespaces["network"] = _namespace(network, "net")
        files = _files_of(network)
        _check_sysctls(host_config, namespaces["network"])
    else:
        files = network_files.of_container(context.data_root.container(record.id))
    if other := other_container(host_config.get("PidMode")):
        namespaces["pid"] = _namespace(_running(find, other, "PID", errors.Internal), "pid")
    shm = ""
    if other := other_container(host_config.get("IpcMode")):
        donor = _running(find, other, "IPC", errors.Conflict)
        shm = _shm_of(context, donor)
        namespaces["ipc"] = _namespace(donor, "ipc")
        _check_sysctls(host_config, namespaces["ipc"])
    elif host_config.get("IpcMode") == shared_memory.SHAREABLE:
        shm = str(context.exec_root.bundle(record.id).shm)
    return Shared(namespaces, files, network, shm)


def has_own_network(host_config: HostConfig) -> bool:
    """Tell whether the container has a network namespace that is neither the host's nor another's.

    Without any network (NetworkDisabled) it has one all the same, with nothing in it.
    """
    mode = host_config.get("NetworkMode")
    return mode != HOST and not other_container(mode)


def with_own_network(shared: Shared, path: str) -> Shared:
    """Return `shared` with the namespace at `path`, made ahead for this container."""
    return replace(shared, namespaces={**shared.namespaces, "network": path})


def take_network(record: Container, network: Container) -> None:
    """Note what `record` has of the container of its network, as inspect shows it."""
    record.config["Hostname"] = network.config.get("Hostname") or ""
    record.config["Domainname"] = network.config.get("Domainname") or ""
    record.hostname_path = network.hostname_path
    record.hosts_path = network.hosts_path
    record.resolv_conf_path = network.resolv_conf_path


def _network_container(find: Find, other: str, record: Container) -> Container:
    try:
        container = find(other)
    except errors.NotFound as err:
        raise errors.Internal(f"joining network namespace of container: {err}") from None
    if container.id == record.id:
        raise errors.Internal("cannot join own network namespace")
    if not container.is_running:
        raise errors.Conflict(
            "cannot join network namespace of a non running container",
            f": container {container.name} is {container.state.status}",
        )
    return container


def _running(find: Find, other: str, kind: str, error: type[errors.SeacanError]) -> Container:
    try:
        container = find(other)
    except errors.NotFound as err:
        raise errors.NotFound(f"failed to join {kind} namespace: {err}") from None
    if not container.is_running:
        raise error(f"failed to join {kind} namespace: container {container.id} is not running")
    return container


def _namespace(container: Container, name: str) -> str:
    return f"/proc/{container.state.pid}/ns/{name}"


def _files_of(network: Container) -> dict[str, str]:
    paths = {
        "/etc/resolv.conf": network.resolv_conf_path,
        "/etc/hostname": network.hostname_path,
        "/etc/hosts": network.hosts_path,
    }
    # Its owner may be gone, whose network this one has by way of the other.
    return {place: path for place, path in paths.items() if path and os.path.exists(path)}


def _shm_of(context: Context, donor: Container) -> str:
    mode = donor.host_config.get("IpcMode") or ""
    if mode == HOST:
        return "/dev/shm"
    if mode == shared_memory.SHAREABLE:
        return str(context.exec_root.bundle(donor.id).shm)
    raise errors.InvalidArgument(
        f"failed to join IPC namespace: container {donor.id}: non-shareable IPC "
        "(hint: use IpcMode:shareable for the donor container)"
    )


def _check_sysctls(host_config: HostConfig, path: str) -> None:
    """Refuse parameters of the namespace `path`, which is joined, if it is the host's."""
    sysctls = host_config.get("Sysctls")
    kind = path.rpartition("/")[2]
    if sysctls and _is_same(path, f"/proc/self/ns/{kind}"):
        as_host = HostConfig(Sysctls=sysctls)
        if kind == "net":
            as_host["NetworkMode"] = HOST
        else:
            as_host["IpcMode"] = HOST
        sysctls_of(as_host, {})


def _is_same(path: str, other: str) -> bool:
    try:
        return os.readlink(path) == os.readlink(other)
    except FileNotFoundError:
        return False  # it has just ended: its namespace will not be found
