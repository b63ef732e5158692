"""Device nodes and the links beside them in /dev, and who may open which device.

Source: OCI runtime-spec, config-linux.md#devices, #default-devices, #device-allow-list.
"""

from __future__ import annotations

import os
import stat

from seacan.errors import Conflict, Unsupported
from seacan.kernel import mounts, rooted
from seacan.runtime.mount_targets import normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Final

    from seacan.spec.runtime import Config, LinuxDevice, LinuxDeviceCgroup, LinuxResources

_DEFAULT_MODE: Final = 0o666
# linux/Documentation/admin-guide/devices.txt
_DEFAULT_DEVICES: Final[tuple[LinuxDevice, ...]] = (
    {"type": "c", "path": "/dev/null", "major": 1, "minor": 3},
    {"type": "c", "path": "/dev/zero", "major": 1, "minor": 5},
    {"type": "c", "path": "/dev/full", "major": 1, "minor": 7},
    {"type": "c", "path": "/dev/random", "major": 1, "minor": 8},
    {"type": "c", "path": "/dev/urandom", "major": 1, "minor": 9},
    {"type": "c", "path": "/dev/tty", "major": 5, "minor": 0},
)
_LINKS: Final = (
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
)
_BINDS: Final = frozenset(("bind", "rbind"))
_TYPES: Final = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}

# Nodes may be made of anything; opened only what the container got, and its terminals.
_DENY_ALL: Final[LinuxDeviceCgroup] = {"allow": False, "access": "rwm"}
_ALWAYS_ALLOWED: Final[tuple[LinuxDeviceCgroup, ...]] = (
    {"allow": True, "type": "c", "access": "m"},
    {"allow": True, "type": "b", "access": "m"},
    {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
    {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"},
    {"allow": True, "type": "c", "major": 1, "minor": 7, "access": "rwm"},
    {"allow": True, "type": "c", "major": 1, "minor": 8, "access": "rwm"},
    {"allow": True, "type": "c", "major": 1, "minor": 9, "access": "rwm"},
    {"allow": True, "type": "c", "major": 5, "minor": 0, "access": "rwm"},
    {"allow": True, "type": "c", "major": 5, "minor": 1, "access": "rwm"},
    {"allow": True, "type": "c", "major": 5, "minor": 2, "access": "rwm"},
    {"allow": True, "type": "c", "major": 10, "minor": 200, "access": "rwm"},  # /dev/net/tun
    {"allow": True, "type": "c", "major": 136, "access": "rwm"},
)


def with_device_rules(resources: LinuxResources) -> LinuxResources:
    """Return `resources` with the whole list of device rules: none, those given, the terminals."""
    given = resources.get("devices", [])
    return {**resources, "devices": [_DENY_ALL, *given, *_ALWAYS_ALLOWED]}


def make_all(config: Config, root_fd: int) -> None:
    """Make nodes and links, unless /dev is a bind of another's."""
    if _has_foreign_dev(config):
        return
    directories = {"/dev": rooted.open_directory(root_fd, "/dev")}
    for device in _wanted(config.get("linux", {}).get("devices", [])):
        directory, name = os.path.split(device["path"])
        if directory not in directories:
            directories[directory] = rooted.open_directory(root_fd, directory)
        _make_node(directories[directory], name, device)
    _make_links(directories["/dev"])
    for fd in directories.values():
        os.close(fd)


def _has_foreign_dev(config: Config) -> bool:
    return any(
        normal(entry["destination"]) == "/dev"
        and (entry.get("type") == "bind" or not _BINDS.isdisjoint(entry.get("options", ())))
        for entry in config.get("mounts", [])
    )


def _wanted(given: Sequence[LinuxDevice]) -> Iterator[LinuxDevice]:
    """Yield the default devices that are not given otherwise, then those given."""
    paths = {normal(device["path"]) for device in given}
    for device in _DEFAULT_DEVICES:
        if device["path"] not in paths:
            yield device
    for device in given:
        if normal(device["path"]) != "/dev/ptmx":  # always the link: the one of the container
            yield device


def _make_node(dir_fd: int, name: str, device: LinuxDevice) -> None:
    kind, number = _TYPES[device["type"]], _number(device)
    mode = stat.S_IMODE(device.get("fileMode", _DEFAULT_MODE))
    try:
        os.mknod(name, kind | mode, number, dir_fd=dir_fd)
    except FileExistsError:
        _adjust_node(dir_fd, name, device)
        return
    except PermissionError as err:
        if kind == stat.S_IFIFO:
            raise
        _bind_node(dir_fd, name, kind, number, device["path"], err)
        return
    owner = device.get("uid", 0), device.get("gid", 0)
    if owner != (0, 0):
        os.chown(name, *owner, dir_fd=dir_fd, follow_symlinks=False)


def _bind_node(
    dir_fd: int, name: str, kind: int, number: int, path: str, cause: PermissionError
) -> None:
    """Bind the host's node, with its owner and mode: none can be made in a user namespace."""
    try:
        source = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    except OSError as err:
        raise Unsupported(f"device {path}: cannot be made, nor is it there on the host") from err
    status = os.fstat(source)
    if stat.S_IFMT(status.st_mode) != kind or status.st_rdev != number:
        raise Unsupported(f"device {path}: cannot be made, and the host's is another") from cause
    os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666, dir_fd=dir_fd))
    bound = mounts.bind(source)
    mounts.attach_at(bound, dir_fd, name)
    os.close(bound)
    os.close(source)


def _adjust_node(dir_fd: int, name: str, device: LinuxDevice) -> None:
    """Give the node that is there already what the configuration says of mode and owner."""
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=dir_fd)
    try:
        status = os.fstat(fd)
        kind, number = _TYPES[device["type"]], _number(device)
        if stat.S_IFMT(status.st_mode) != kind or status.st_rdev != number:
            raise Conflict(f"device {device['path']}: there is something else already")
        present = stat.S_IMODE(status.st_mode)
        owner = device.get("uid", status.st_uid), device.get("gid", status.st_gid)
        if owner != (status.st_uid, status.st_gid):
            os.chown(f"/proc/self/fd/{fd}", *owner)
        if (mode := stat.S_IMODE(device.get("fileMode", present))) != present:
            os.chmod(f"/proc/self/fd/{fd}", mode)
    finally:
        os.close(fd)


def _number(device: LinuxDevice) -> int:
    if device["type"] == "p":
        return 0
    return os.makedev(device["major"], device["minor"])


def _make_links(dev_fd: int) -> None:
    """Make the links that are not there; `ptmx` must be one to the container's own."""
    for name, target in _LINKS:
        if name == "core" and not os.path.exists(target):
            continue
        try:
            os.symlink(target, name, dir_fd=dev_fd)
        except FileExistsError:
            if name == "ptmx":
                os.unlink(name, dir_fd=dev_fd)
                os.symlink(target, name, dir_fd=dev_fd)
