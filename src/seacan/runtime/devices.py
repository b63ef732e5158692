"""Device nodes and the links beside them in /dev, and who may open which device.

Source: OCI runtime-spec, config-linux.md#devices, #default-devices, #device-allow-list.
"""

import os
import stat
from collections.abc import Iterable
from typing import Final

from seacan.errors import Conflict, Unsupported
from seacan.kernel import mounts, rooted
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
)
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
    given = config.get("linux", {}).get("devices", [])
    devices = {device["path"]: device for device in (*_DEFAULT_DEVICES, *given)}
    dev_fd = rooted.open_directory(root_fd, "/dev")
    for path, device in devices.items():
        directory, name = os.path.split(path)
        if directory == "/dev":
            _make_node(dev_fd, name, device)
        else:
            dir_fd = rooted.open_directory(root_fd, directory)
            _make_node(dir_fd, name, device)
            os.close(dir_fd)
    _make_links(dev_fd, _links())
    os.close(dev_fd)


def _has_foreign_dev(config: Config) -> bool:
    return any(
        os.path.normpath(entry["destination"]) == "/dev"
        and (entry.get("type") == "bind" or {"bind", "rbind"} & set(entry.get("options", [])))
        for entry in config.get("mounts", [])
    )


def _make_node(dir_fd: int, name: str, device: LinuxDevice) -> None:
    kind = _TYPES[device["type"]]
    number = os.makedev(device.get("major", 0), device.get("minor", 0))
    try:
        os.mknod(name, kind | device.get("fileMode", _DEFAULT_MODE), number, dir_fd=dir_fd)
    except FileExistsError as err:
        status = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
        if stat.S_IFMT(status.st_mode) != kind or status.st_rdev != number:
            raise Conflict(f"device {device['path']}: there is something else already") from err
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


def _links() -> Iterable[tuple[str, str]]:
    return (*_LINKS, ("core", "/proc/kcore")) if os.path.exists("/proc/kcore") else _LINKS


def _make_links(dev_fd: int, links: Iterable[tuple[str, str]]) -> None:
    for name, target in links:
        try:
            os.symlink(target, name, dir_fd=dev_fd)
        except FileExistsError:
            os.unlink(name, dir_fd=dev_fd)
            os.symlink(target, name, dir_fd=dev_fd)
