"""update: other limits for a container, live; what is not named stays."""

import errno
import json
import sys
from collections.abc import Callable
from typing import Any, Final, cast

from seacan.errors import Internal, InvalidArgument, Unsupported
from seacan.runtime import bundle as bundles
from seacan.runtime import container as containers
from seacan.runtime import shapes
from seacan.runtime.commandline import Options
from seacan.runtime.container import NotRunning
from seacan.runtime.devices import with_device_rules
from seacan.runtime.failures import reason
from seacan.spec.runtime import LinuxResources

_MAX_BYTES: Final = 8 << 20
_REFUSED: Final = ("kernel-memory", "kernel-memory-tcp", "l3-cache-schema", "mem-bw-schema")
_SUFFIXES: Final = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}


def run(options: Options) -> int:
    container = containers.load(options.root, options.arguments[0])
    resources = _read(options.resources) if options.resources else resources_of(options)
    if container.status() == "stopped":
        raise NotRunning("container not running")
    try:
        container.cgroup.apply(resources)
    except OSError as err:
        kinds = {errno.ENOTSUP: Unsupported, errno.EINVAL: InvalidArgument}
        kind = kinds.get(err.errno or 0, Internal)
        raise kind(f"update container {container.id}: {reason(err)}") from err
    return 0


def _read(path: str) -> LinuxResources:
    if path == "-":
        text = sys.stdin.buffer.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            raise InvalidArgument(f"standard input: larger than {_MAX_BYTES} bytes")
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as err:
            raise InvalidArgument(f"standard input: not valid JSON: {err}") from err
    else:
        document = bundles.read_json(path)
    resources = cast(LinuxResources, shapes.check(document, shapes.RESOURCES, "resources"))
    # Rules for devices are a whole: what every container may open belongs to them.
    return with_device_rules(resources) if resources.get("devices") else resources


def resources_of(options: Options) -> LinuxResources:
    """Return what the flags say, as linux.resources of config.json. Raises InvalidArgument."""
    for flag in _REFUSED:
        if _value(options, flag):
            raise Unsupported(f"--{flag} is not supported by this runtime")
    resources: dict[str, dict[str, Any]] = {}
    for group, key, flag, read in _FLAGS:
        if value := _value(options, flag):
            resources.setdefault(group, {})[key] = read(flag, value)
    if options.blkio_weight:
        resources["blockIO"] = {"weight": options.blkio_weight}
    if options.pids_limit is not None:
        resources["pids"] = {"limit": options.pids_limit}
    return cast(LinuxResources, shapes.check(resources, shapes.RESOURCES, "update"))


def _value(options: Options, flag: str) -> str:
    return cast(str, getattr(options, flag.replace("-", "_")))


def _text(flag: str, text: str) -> str:
    return text


def _integer(flag: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as err:
        raise InvalidArgument(f"invalid value for {flag}: not a whole number: {text!r}") from err


def size(flag: str, text: str) -> int:
    """Return bytes: `1073741824`, `1g`, `1.5GiB`, and -1 for no limit."""
    if text == "-1":
        return -1
    digits = text.lower().rstrip("bi").rstrip()
    unit = digits[-1:] if digits[-1:].isalpha() else ""
    try:
        return int(float(digits.removesuffix(unit)) * (1 << _SUFFIXES[unit]))
    except (KeyError, ValueError, OverflowError) as err:
        raise InvalidArgument(f"invalid value for {flag}: invalid size: {text!r}") from err


_FLAGS: Final[tuple[tuple[str, str, str, Callable[[str, str], Any]], ...]] = (
    ("cpu", "period", "cpu-period", _integer),
    ("cpu", "quota", "cpu-quota", _integer),
    ("cpu", "burst", "cpu-burst", _integer),
    ("cpu", "shares", "cpu-share", _integer),
    ("cpu", "realtimePeriod", "cpu-rt-period", _integer),
    ("cpu", "realtimeRuntime", "cpu-rt-runtime", _integer),
    ("cpu", "idle", "cpu-idle", _integer),
    ("cpu", "cpus", "cpuset-cpus", _text),
    ("cpu", "mems", "cpuset-mems", _text),
    ("memory", "limit", "memory", size),
    ("memory", "reservation", "memory-reservation", size),
    ("memory", "swap", "memory-swap", size),
)
