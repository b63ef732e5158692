"""The mounts of a container, in order: the system's own, the request's, the files in /etc."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from seacan.engine.creation.mount_owners import mappings
from seacan.engine.creation.mount_points import MountPoint
from seacan.errors import InvalidArgument, Unsupported
from seacan.spec import runtime
from seacan.spec.engine_api import HostConfig

INIT_PATH: Final = "/sbin/docker-init"
_FOLLOWED: Final = ("shared:", "master:")  # what a slave can follow, in mountinfo
SHARED: Final = "shared"
_MAPPED: Final = "idmap"  # by the container's user namespace
_SHM: Final = "/dev/shm"

# Destination, type, source, options. Source: OCI config-linux.md#default-filesystems, and Docker.
_SYSTEM: Final[Sequence[tuple[str, str, str, str]]] = (
    ("/proc", "proc", "proc", "nosuid,noexec,nodev"),
    ("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
    ("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
    ("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
    ("/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev"),
    ("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
    (_SHM, "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777"),
)


def to_oci(
    host_config: HostConfig,
    points: Sequence[MountPoint],
    network_files: Mapping[str, str],
    *,
    init: str | None,
    shm: str,
    writable_cgroups: bool,
    maps_ids: bool = False,
) -> list[runtime.Mount]:
    """Return every mount of a container.

    With `maps_ids` it is in a user namespace, and what is its own on disk is to be so in there.

    `network_files` are host files by their destination (/etc/hosts, …); `init` is the host's
    executable to show at INIT_PATH; `shm` is the directory to show at /dev/shm, empty for a new
    one. A mount of the request takes the place of one of these.
    """
    destinations = {point.destination for point in points}
    mounts = [
        _system_mount(entry, host_config, writable_cgroups=writable_cgroups)
        for entry in _SYSTEM
        if _is_shown(entry[0], destinations)
        and (entry[0] != _SHM or not (shm or host_config.get("IpcMode") == "none"))
    ]
    if init:
        mounts.append(_bind(INIT_PATH, init, ["bind", "ro"]))
    read_only = ["rro"] if host_config.get("ReadonlyRootfs") else []
    rest = [_requested(point, maps_ids=maps_ids) for point in points]
    mapped = [_MAPPED] if maps_ids else []
    if shm and _SHM not in destinations:
        rest.append(_bind(_SHM, shm, ["rbind", "rprivate"]))
    rest += [
        _bind(destination, source, ["rbind", *read_only, "rprivate", *mapped])
        for destination, source in network_files.items()
        if destination not in destinations
    ]
    # What is mounted below another mount comes after it.
    return mounts + sorted(rest, key=lambda mount: mount["destination"].count("/"))


def _is_shown(destination: str, taken: set[str]) -> bool:
    return destination not in taken and not ("/dev" in taken and destination.startswith("/dev/"))


def _system_mount(
    entry: tuple[str, str, str, str], host_config: HostConfig, *, writable_cgroups: bool
) -> runtime.Mount:
    destination, kind, source, text = entry
    options = text.split(",")
    if destination == _SHM:
        options.append(f"size={host_config.get('ShmSize') or 0}")
    is_writable = (destination == "/sys" and host_config.get("Privileged")) or (
        kind == "cgroup" and writable_cgroups
    )
    if is_writable:
        options.remove("ro")
    return {"destination": destination, "type": kind, "source": source, "options": options}


def _requested(point: MountPoint, *, maps_ids: bool) -> runtime.Mount:
    if point.type == "tmpfs":
        return {
            "destination": point.destination,
            "type": "tmpfs",
            "source": "tmpfs",
            "options": list(point.tmpfs_options),
        }
    if maps_ids and (point.owner.uids or "shared" in point.propagation):
        what = "idmap" if point.owner.uids else point.propagation
        raise Unsupported(f"mount {point.destination}: {what} with --userns-remap")
    if point.type == "image" and ":" in point.source:
        options = [f"lowerdir={point.source}", "ro", "rprivate"]
        return {
            "destination": point.destination,
            "type": "overlay",
            "source": "overlay",
            "options": options,
        }
    read_only = [] if point.is_writable else [point.read_only]
    recursion = "rbind" if point.is_recursive else "bind"
    propagation = [point.propagation] if point.propagation else []
    mapped = [_MAPPED] if maps_ids and (point.type == "volume" or point.is_ours) else []
    options = [recursion, *read_only, *propagation, *mapped]
    mount = _bind(point.destination, point.source, options)
    if point.owner.uids:
        mount["uidMappings"] = mappings(point.owner.uids)
        mount["gidMappings"] = mappings(point.owner.gids)
    return mount


def _bind(destination: str, source: str, options: list[str]) -> runtime.Mount:
    return {"destination": destination, "type": "bind", "source": source, "options": options}


def with_propagation(points: Iterable[MountPoint], data_root: Path) -> tuple[MountPoint, ...]:
    """Return them with a propagation for each bind, by dockerd's rule where the request has none.

    Private, but of what has the daemon's data in it, as the `-v /:/host` of those who watch a host:
    that follows the host's mounts, or it would keep those of volumes after their time.
    Source: moby, daemon/volumes_linux.go.
    """
    return tuple(
        replace(point, propagation=_default_propagation(point.source, str(data_root)))
        if point.type == "bind" and not point.propagation
        else point
        for point in points
    )


def _default_propagation(source: str, data_root: str) -> str:
    has_data = _is_below(data_root, source) or _is_below(source, data_root)
    return "rslave" if has_data and _has_mark(_mount_of(source), _FOLLOWED) else "rprivate"


def root_propagation(points: Sequence[MountPoint]) -> str | None:
    """Return how the root relates to the host's mounts, if that is not private.

    `shared` if mounts below some bind are to reach the host, `rslave` if they are to come from it.
    """
    kinds = {point.propagation for point in points if point.type == "bind"}
    if kinds & {"shared", "rshared"}:
        return SHARED
    return "rslave" if kinds & {"slave", "rslave"} else None


def prepare_sources(points: Sequence[MountPoint]) -> None:
    """Make the source directories that -v asks for and that are not there.

    Raises InvalidArgument, naming the mount, for a source that is missing or cannot be made, and
    for a slave or a peer of what is not shared.
    """
    for point in points:
        if point.type != "bind":
            continue
        if point.makes_source:
            _make_source(point)
        if not os.path.exists(point.source):
            raise InvalidArgument(
                f'invalid mount config for type "bind": '
                f"bind source path does not exist: {point.source}"
            )
        if point.propagation in ("slave", "rslave"):
            _check_shared(point.source, _FOLLOWED, "shared or slave")
        elif point.propagation in ("shared", "rshared"):
            _check_shared(point.source, ("shared:",), "shared")


def _make_source(point: MountPoint) -> None:
    try:
        os.makedirs(point.source, mode=0o755)
        point.owner.give(Path(point.source))
    except FileExistsError:
        return  # bound as it is, also if it is no directory
    except OSError as err:
        raise InvalidArgument(
            f"error while creating mount source path '{point.source}': {err.strerror}"
        ) from err


def _check_shared(source: str, marks: tuple[str, ...], words: str) -> None:
    fields = _mount_of(source)
    if not _has_mark(fields, marks):
        raise InvalidArgument(
            f"path {source} is mounted on {_unescape(fields[4])} but it is not a {words} mount"
        )


def _has_mark(mount: Sequence[str], marks: tuple[str, ...]) -> bool:
    """Look for one of `marks` in an entry of mountinfo."""
    return any(field.startswith(marks) for field in mount[6 : mount.index("-")])


def _mount_of(source: str) -> list[str]:
    """Return the entry of the mount that `source` is on: proc_pid_mountinfo(5)."""
    path = os.path.realpath(source)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        mounts = [line.split(" ") for line in file]
    # The last mount of a place is the one that shows.
    above = [fields for fields in mounts if _is_below(path, _unescape(fields[4]))]
    return max(reversed(above), key=lambda fields: len(fields[4]))


def _is_below(path: str, mount: str) -> bool:
    return mount == "/" or path == mount or path.startswith(mount + "/")


def _unescape(text: str) -> str:
    r"""Undo the kernel's \040 for a blank, and the like."""
    for code in ("040", "011", "012", "134"):
        text = text.replace(f"\\{code}", chr(int(code, 8)))
    return text
