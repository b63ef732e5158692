"""Devices of a container: nodes in its /dev, and rules of who may open or make them."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from seacan.errors import InvalidArgument
from seacan.spec import runtime
from seacan.spec.engine_api import DeviceMapping, HostConfig

_ACCESS: Final = "rwm"
_RULE: Final = re.compile(r"([acb]) (\d{1,10}|\*):(\d{1,10}|\*) ([rwm]{1,3})", re.ASCII)

# What is not the host's devices in the host's /dev: each container has its own.
_NOT_SHARED: Final = frozenset(
    {"pts", "shm", "fd", "mqueue", "console", ".lxc", ".lxd-mounts", ".udev"}
)


class Devices(msgspec.Struct, frozen=True):
    """`nodes` are made in the container; `rules` go to the device controller, the last one wins."""

    nodes: tuple[runtime.LinuxDevice, ...]
    rules: tuple[runtime.LinuxDeviceCgroup, ...]


def _rule(allow: bool, major: int, minor: int) -> runtime.LinuxDeviceCgroup:
    return {"allow": allow, "type": "c", "major": major, "minor": minor, "access": _ACCESS}


# Docker's; the OCI runtime adds the devices that every container has. /dev/fuse stays closed.
_DEFAULT_RULES: Final[Sequence[runtime.LinuxDeviceCgroup]] = (
    {"allow": False, "access": _ACCESS},
    _rule(True, 1, 5),  # zero
    _rule(True, 1, 3),  # null
    _rule(True, 1, 9),  # urandom
    _rule(True, 1, 8),  # random
    _rule(True, 5, 0),  # tty
    _rule(True, 5, 1),  # console
    _rule(False, 10, 229),  # fuse
)


def check(host_config: HostConfig) -> None:
    """Raise InvalidArgument for a mapping or rule that is badly written."""
    for mapping in host_config.get("Devices") or []:
        access = mapping.get("CgroupPermissions") or _ACCESS
        if not set(access) <= set(_ACCESS):
            raise InvalidArgument(f"invalid device mode: {access}")
        for path in (mapping.get("PathOnHost"), _path_in_container(mapping)):
            if not path or not path.startswith("/"):
                raise InvalidArgument(f"invalid device path: '{path or ''}' must be absolute")
    for rule in host_config.get("DeviceCgroupRules") or []:
        _parse_rule(rule)


def find(host_config: HostConfig) -> Devices:
    """Look the devices up on the host, now: their numbers may differ after a reboot.

    Raises InvalidArgument, in Docker's words, for one that is missing or no device.
    """
    mappings = host_config.get("Devices") or []
    if host_config.get("Privileged"):
        nodes = [*_all_of("/dev", ""), *(node for m in mappings for node in _nodes(m))]
        return Devices(_unique(nodes), ({"allow": True, "access": _ACCESS},))
    nodes, rules = [], list(_DEFAULT_RULES)
    for mapping in mappings:
        found = _nodes(mapping)
        nodes += found
        rules += [_rule_of(node, mapping.get("CgroupPermissions") or _ACCESS) for node in found]
    rules += [_parse_rule(rule) for rule in host_config.get("DeviceCgroupRules") or []]
    return Devices(_unique(nodes), tuple(rules))


def number_of(path: str) -> tuple[int, int]:
    """Return major and minor of the device at `path`. Raises InvalidArgument if it is none."""
    try:
        status = os.stat(path)
    except OSError as err:
        why = (err.strerror or "").lower()
        raise InvalidArgument(f"stat {path}: {why}") from err
    return os.major(status.st_rdev), os.minor(status.st_rdev)


def _nodes(mapping: DeviceMapping) -> list[runtime.LinuxDevice]:
    """Return the device of a mapping, or those in the directory that it names."""
    host, inside = mapping.get("PathOnHost") or "", _path_in_container(mapping)
    path = os.path.realpath(host)
    try:
        status = os.lstat(path)
    except OSError as err:
        raise _gathering(host, (err.strerror or "").lower()) from err
    if stat.S_ISDIR(status.st_mode):
        nodes = list(_all_of(path, inside))
    else:
        nodes = [node] if (node := _node(status, inside)) else []
    if not nodes:
        raise _gathering(host, "not a device node")
    return nodes


def _gathering(path: str, why: str) -> InvalidArgument:
    return InvalidArgument(
        f'error gathering device information while adding custom device "{path}": {why}'
    )


def _all_of(directory: str, inside: str) -> Iterator[runtime.LinuxDevice]:
    """Yield the devices below `directory` as devices below `inside`, links not followed.

    An empty `inside` is /dev itself, of which some entries are never shared.
    """
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if not inside and entry.name in _NOT_SHARED:
            continue
        path = f"{inside or '/dev'}/{entry.name}"
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _all_of(entry.path, path)
        elif node := _node(status, path):
            yield node


def _node(status: os.stat_result, path: str) -> runtime.LinuxDevice | None:
    kind = "c" if stat.S_ISCHR(status.st_mode) else "b" if stat.S_ISBLK(status.st_mode) else ""
    major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
    if not kind or not major:  # 0:0 is no device but an overlay's whiteout
        return None
    return {
        "path": path,
        "type": kind,
        "major": major,
        "minor": minor,
        "fileMode": status.st_mode & 0o777,
        "uid": status.st_uid,
        "gid": status.st_gid,
    }


def _rule_of(node: runtime.LinuxDevice, access: str) -> runtime.LinuxDeviceCgroup:
    return {
        "allow": True,
        "type": node["type"],
        "major": node["major"],
        "minor": node["minor"],
        "access": access,
    }


def _parse_rule(text: str) -> runtime.LinuxDeviceCgroup:
    match = _RULE.fullmatch(text)
    if not match:
        raise InvalidArgument(f"invalid device cgroup rule format: '{text}'")
    rule: runtime.LinuxDeviceCgroup = {"allow": True, "type": match[1], "access": match[4]}
    # No number is every number; the -1 that Docker writes for that, crun takes for a number.
    if match[2] != "*":
        rule["major"] = int(match[2])
    if match[3] != "*":
        rule["minor"] = int(match[3])
    return rule


def _unique(nodes: Sequence[runtime.LinuxDevice]) -> tuple[runtime.LinuxDevice, ...]:
    """Return one node for each path: the last one asked for."""
    return tuple({node["path"]: node for node in nodes}.values())


def _path_in_container(mapping: DeviceMapping) -> str:
    return mapping.get("PathInContainer") or mapping.get("PathOnHost") or ""
