"""The shape that config.json must have before anything is done with it.

A table that mirrors spec/runtime.py, and a walk over it. Properties that are not in the table are
left alone: the runtime-spec wants unknown ones ignored.
"""

from __future__ import annotations

from seacan.errors import InvalidArgument
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final


@record
class Integer:
    """A whole number from `least` to `most`."""

    least: int
    most: int


@record
class MapOf:
    """An object with any keys, and values of one shape."""

    value: Any


ID: Final = Integer(0, 2**32 - 2)  # 2**32-1 means `leave as it is` to setuid(2)
UINT16: Final = Integer(0, 2**16 - 1)
UINT32: Final = Integer(0, 2**32 - 1)
UINT64: Final = Integer(0, 2**64 - 1)
INT32: Final = Integer(-(2**31), 2**31 - 1)
INT64: Final = Integer(-(2**63), 2**63 - 1)

_MAPPING: Final = {"containerID": UINT32, "hostID": UINT32, "size": UINT32}
_HOOK: Final = {"path": str, "args": [str], "env": [str], "timeout": INT64}
_THROTTLE: Final = {"major": INT64, "minor": INT64, "rate": UINT64}

PROCESS: Final = {
    "terminal": bool,
    "consoleSize": {"height": UINT16, "width": UINT16},
    "user": {"uid": ID, "gid": ID, "umask": Integer(0, 0o777), "additionalGids": [ID]},
    "args": [str],
    "env": [str],
    "cwd": str,
    "capabilities": {
        "bounding": [str],
        "effective": [str],
        "inheritable": [str],
        "permitted": [str],
        "ambient": [str],
    },
    "rlimits": [{"type": str, "soft": UINT64, "hard": UINT64}],
    "noNewPrivileges": bool,
    "apparmorProfile": str,
    "selinuxLabel": str,
    "oomScoreAdj": Integer(-1000, 1000),
    "scheduler": {
        "policy": str,
        "nice": INT32,
        "priority": INT32,
        "flags": [str],
        "runtime": UINT64,
        "deadline": UINT64,
        "period": UINT64,
    },
    "ioPriority": {"class": str, "priority": INT32},
    "execCPUAffinity": {"initial": str, "final": str},
}

RESOURCES: Final = {
    "devices": [
        {"allow": bool, "type": str, "major": INT64, "minor": INT64, "access": str},
    ],
    "memory": {
        "limit": INT64,
        "reservation": INT64,
        "swap": INT64,
        "kernel": INT64,
        "kernelTCP": INT64,
        "swappiness": UINT64,
        "disableOOMKiller": bool,
        "useHierarchy": bool,
        "checkBeforeUpdate": bool,
    },
    "cpu": {
        "shares": UINT64,
        "quota": INT64,
        "burst": UINT64,
        "period": UINT64,
        "realtimeRuntime": INT64,
        "realtimePeriod": UINT64,
        "cpus": str,
        "mems": str,
        "idle": INT64,
    },
    "pids": {"limit": INT64},
    "blockIO": {
        "weight": UINT16,
        "leafWeight": UINT16,
        "weightDevice": [
            {"major": INT64, "minor": INT64, "weight": UINT16, "leafWeight": UINT16},
        ],
        "throttleReadBpsDevice": [_THROTTLE],
        "throttleWriteBpsDevice": [_THROTTLE],
        "throttleReadIOPSDevice": [_THROTTLE],
        "throttleWriteIOPSDevice": [_THROTTLE],
    },
    "hugepageLimits": [{"pageSize": str, "limit": UINT64}],
    "network": {"classID": UINT32, "priorities": [{"name": str, "priority": UINT32}]},
    "rdma": MapOf({"hcaHandles": UINT32, "hcaObjects": UINT32}),
    "unified": MapOf(str),
}

_SECCOMP: Final = {
    "defaultAction": str,
    "defaultErrnoRet": UINT32,
    "architectures": [str],
    "flags": [str],
    "listenerPath": str,
    "listenerMetadata": str,
    "syscalls": [
        {
            "names": [str],
            "action": str,
            "errnoRet": UINT32,
            "args": [{"index": UINT32, "value": UINT64, "valueTwo": UINT64, "op": str}],
        }
    ],
}

_LINUX: Final = {
    "devices": [
        {
            "type": str,
            "path": str,
            "major": INT64,
            "minor": INT64,
            "fileMode": UINT32,
            "uid": ID,
            "gid": ID,
        }
    ],
    "uidMappings": [_MAPPING],
    "gidMappings": [_MAPPING],
    "namespaces": [{"type": str, "path": str}],
    "resources": RESOURCES,
    "cgroupsPath": str,
    "rootfsPropagation": str,
    "seccomp": _SECCOMP,
    "sysctl": MapOf(str),
    "maskedPaths": [str],
    "readonlyPaths": [str],
    "mountLabel": str,
    "timeOffsets": MapOf({"secs": INT64, "nanosecs": UINT32}),
    "personality": {"domain": str, "flags": [str]},
    "memoryPolicy": {"mode": str, "nodes": str, "flags": [str]},
}

CONFIG: Final = {
    "ociVersion": str,
    "process": PROCESS,
    "root": {"path": str, "readonly": bool},
    "hostname": str,
    "domainname": str,
    "mounts": [
        {
            "destination": str,
            "type": str,
            "source": str,
            "options": [str],
            "uidMappings": [_MAPPING],
            "gidMappings": [_MAPPING],
        }
    ],
    "hooks": {
        "prestart": [_HOOK],
        "createRuntime": [_HOOK],
        "createContainer": [_HOOK],
        "startContainer": [_HOOK],
        "poststart": [_HOOK],
        "poststop": [_HOOK],
    },
    "annotations": MapOf(str),
    "linux": _LINUX,
}

_NAMES: Final = {str: "a string", bool: "true or false"}


def check(value: Any, shape: Any, name: str) -> Any:
    """Return `value` without its nulls. Raises InvalidArgument naming what does not fit `shape`.

    A shape is `str`, `bool`, an Integer, a list of one shape, a MapOf, or a dict of them by key.
    """
    match shape:
        case Integer():
            # True is an int to Python, and is none to JSON.
            if type(value) is not int or not shape.least <= value <= shape.most:
                raise InvalidArgument(
                    f"{name}: not a whole number from {shape.least} to {shape.most}: {value!r:.40}"
                )
            return value
        case [item]:
            return _check_list(value, item, name)
        case MapOf():
            entries = _object(value, name)
            return {key: check(entry, shape.value, f"{name}.{key}") for key, entry in entries}
        case dict():
            return _check_object(value, shape, name)
    if type(value) is not shape:
        raise InvalidArgument(f"{name}: not {_NAMES[shape]}: {value!r:.40}")
    if shape is str and not _is_text(value):
        raise InvalidArgument(f"{name}: holds a null character or half a surrogate pair")
    return value


def _is_text(value: str) -> bool:
    if "\0" in value:
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _check_list(value: Any, item: Any, name: str) -> list[Any]:
    if type(value) is not list:
        raise InvalidArgument(f"{name}: not an array: {value!r:.40}")
    if item is str and _is_plain(value):
        return value
    return [check(entry, item, f"{name}[{index}]") for index, entry in enumerate(value)]


def _is_plain(values: list[Any]) -> bool:
    """Tell whether all are strings without anything special: true of long lists, in one look."""
    try:
        joined = "".join(values)
    except TypeError:
        return False
    return joined.isascii() and "\0" not in joined


def _check_object(value: Any, shape: dict[str, Any], name: str) -> dict[str, Any]:
    prefix = f"{name}." if name else ""
    return {
        key: check(entry, shape[key], prefix + key) if key in shape else entry
        for key, entry in _object(value, name or "config.json")
    }


def _object(value: Any, name: str) -> list[tuple[str, Any]]:
    if type(value) is not dict:
        raise InvalidArgument(f"{name}: not an object: {value!r:.40}")
    return [(key, entry) for key, entry in value.items() if entry is not None]
