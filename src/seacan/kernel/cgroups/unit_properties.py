"""linux.resources → properties of a systemd unit: those that systemd has one for.

What systemd does not know of a cgroup it may set back to a default; what it has no property for is
written to the cgroup alone. Source: runc's docs/systemd.md; systemd.resource-control(5);
org.freedesktop.systemd1(5).
"""

import errno
from collections.abc import Iterator
from typing import Any, Final, Literal

from seacan.kernel.cgroups import limits, limits_v2
from seacan.kernel.cgroups.devices import ANY, Access, Device, read_rules
from seacan.kernel.dbus import text
from seacan.kernel.dbus.systemd import Property
from seacan.kernel.dbus.values import Variant
from seacan.spec.runtime import LinuxCPU, LinuxMemory, LinuxResources

INFINITY: Final = 2**64 - 1
_PERIOD_US: Final = 100_000  # the kernel's default
_SECOND_US: Final = 1_000_000
_PERCENT_US: Final = 10_000  # of a second
_MAX_CPU: Final = 8192  # CONFIG_NR_CPUS of the largest
_ANNOTATION: Final = "org.systemd.property."

# The release that a property came with.
_PERIOD_SINCE: Final = 242
_CPUSET_SINCE: Final = 244
_IDLE_SINCE: Final = 252
_OOM_POLICY_SINCE: Final = 253

_MEMORY_FILES: Final = {
    "memory.min": "MemoryMin",
    "memory.low": "MemoryLow",
    "memory.high": "MemoryHigh",
    "memory.max": "MemoryMax",
    "memory.swap.max": "MemorySwapMax",
}
_CPUSET_FILES: Final = {"cpuset.cpus": "AllowedCPUs", "cpuset.mems": "AllowedMemoryNodes"}


def properties(
    resources: LinuxResources, version: Literal["v1", "v2"], release: int
) -> list[Property]:
    """Return what sets `resources`, all but devices, as far as systemd of that `release` can.

    Raises OSError (EINVAL) for values that it could not be told.
    """
    found = list(_common(resources, release))
    if version == "v1":
        found += _only_v1(resources)
    else:
        found += _only_v2(resources, release)
        for file, value in (resources.get("unified") or {}).items():
            found += _unified(file, value.strip(), release)
    return found


def rounded(resources: LinuxResources) -> LinuxResources:
    """Return `resources` with the quota that systemd, which counts in percent, makes of it."""
    cpu = resources.get("cpu", {})
    if cpu.get("quota", 0) <= 0:
        return resources
    quota = _per_second(cpu) * (cpu.get("period") or _PERIOD_US) // _SECOND_US
    return {**resources, "cpu": {**cpu, "quota": quota}}


def _number(name: str, value: int) -> Property:
    # -1 is no limit
    return name, Variant("t", INFINITY if value < 0 else value)


def _per_second(cpu: LinuxCPU) -> int:
    us = cpu["quota"] * _SECOND_US // (cpu.get("period") or _PERIOD_US)
    return -(-us // _PERCENT_US) * _PERCENT_US


def _common(resources: LinuxResources, release: int) -> Iterator[Property]:
    pids = resources.get("pids") or {}
    if "limit" in pids:
        yield _number("TasksMax", pids["limit"] or 1)
    cpu = resources.get("cpu") or {}
    if (period := cpu.get("period")) and release >= _PERIOD_SINCE:
        yield _number("CPUQuotaPeriodUSec", period)
    if quota := cpu.get("quota"):
        yield _number("CPUQuotaPerSecUSec", _per_second(cpu) if quota > 0 else -1)
    elif period:
        yield _number("CPUQuotaPerSecUSec", -1)
    yield from _cpuset("AllowedCPUs", cpu.get("cpus", ""), release)
    yield from _cpuset("AllowedMemoryNodes", cpu.get("mems", ""), release)


def _cpuset(name: str, numbers: str, release: int) -> Iterator[Property]:
    if numbers and release >= _CPUSET_SINCE:
        yield name, Variant("ay", list(bits(numbers)))


def bits(numbers: str) -> bytes:
    """Return a set of processors such as `0-2,5` as bits, the lowest byte first.

    Raises OSError (EINVAL).
    """
    found = 0
    for part in filter(None, map(str.strip, numbers.split(","))):
        first, dash, last = part.partition("-")
        ends = (first, last if dash else first)
        if not all(end.isascii() and end.isdecimal() and int(end) < _MAX_CPU for end in ends):
            raise OSError(errno.EINVAL, f"linux.resources.cpu: not a list of numbers: {numbers!r}")
        for number in range(int(ends[0]), int(ends[1]) + 1):
            found |= 1 << number
    if not found:
        raise OSError(errno.EINVAL, f"linux.resources.cpu: an empty list of numbers: {numbers!r}")
    return found.to_bytes((found.bit_length() + 7) // 8, "little")


def _only_v1(resources: LinuxResources) -> Iterator[Property]:
    if limit := (resources.get("memory") or {}).get("limit"):
        yield _number("MemoryLimit", limit)
    if shares := (resources.get("cpu") or {}).get("shares"):
        yield _number("CPUShares", shares)
    if weight := (resources.get("blockIO") or {}).get("weight"):
        yield _number("BlockIOWeight", weight)


def _only_v2(resources: LinuxResources, release: int) -> Iterator[Property]:
    yield from _memory(resources.get("memory") or {})
    cpu = resources.get("cpu") or {}
    if cpu.get("idle") == 1 and release >= _IDLE_SINCE:
        yield _number("CPUWeight", 0)  # what systemd calls idle
    elif shares := cpu.get("shares"):
        yield _number("CPUWeight", limits_v2.cpu_weight(shares))
    if weight := (resources.get("blockIO") or {}).get("weight"):
        yield _number("IOWeight", limits_v2.io_weight(weight))


def _memory(memory: LinuxMemory) -> Iterator[Property]:
    limit, swap = memory.get("limit", 0), memory.get("swap", 0)
    if limit:
        yield _number("MemoryMax", limit)
    if reservation := memory.get("reservation"):
        yield _number("MemoryLow", reservation)
    swap_max = limits_v2.swap_max(swap, limit)
    if swap_max is not None:
        yield _number("MemorySwapMax", swap_max)


def _unified(file: str, value: str, release: int) -> Iterator[Property]:
    if name := _MEMORY_FILES.get(file):
        yield _number(name, _limit(file, value))
    elif name := _CPUSET_FILES.get(file):
        yield from _cpuset(name, value, release)
    elif file == "pids.max":
        yield _number("TasksMax", _limit(file, value) or 1)
    elif file == "cpu.weight":
        yield _number("CPUWeight", _limit(file, value))
    elif file == "cpu.idle":
        if value == "1" and release >= _IDLE_SINCE:
            yield _number("CPUWeight", 0)
    elif file == "cpu.max":
        quota, _, period = value.partition(" ")
        cpu: LinuxCPU = {"quota": _limit(file, quota)}
        if period:
            cpu["period"] = _limit(file, period.strip())
        yield from _common({"cpu": cpu}, release)


def _limit(file: str, value: str) -> int:
    if value == "max":
        return -1
    if not (value.isascii() and value.isdecimal()):
        limits.refuse_value("unified", f"{file}: not a number: {value!r}")
    return int(value)


def oom_policy(resources: LinuxResources, release: int) -> list[Property]:
    """Return what memory.oom.group is to systemd, which takes it for a new unit alone."""
    group = (resources.get("unified") or {}).get("memory.oom.group", "").strip()
    policy = {"0": "continue", "1": "kill"}.get(group)
    return [("OOMPolicy", Variant("s", policy))] if policy and release >= _OOM_POLICY_SINCE else []


def devices(resources: LinuxResources) -> list[Property]:
    """Return the device rules as systemd can have them; none if `resources` have none.

    It knows exceptions from a denial alone, and none of a minor number of any major one. As ours
    are put in the place of its own, those are missing only when it is told to load them again.
    """
    if not resources.get("devices"):
        return []
    access = read_rules(resources["devices"])
    if access == Access(True, {}):
        return [*_allowed([]), ("DevicePolicy", Variant("s", "auto"))]
    exceptions = {} if access.allow else access.exceptions
    entries = [
        (path, "".join(letter for bit, letter in ((2, "r"), (4, "w"), (1, "m")) if held & bit))
        for device, held in exceptions.items()
        if (path := _device_path(device))
    ]
    return [*_allowed([]), ("DevicePolicy", Variant("s", "strict")), *_allowed(entries)]


def _allowed(entries: list[tuple[str, str]]) -> list[Property]:
    # Without entries it empties the list that there is.
    return [("DeviceAllow", Variant("a(ss)", entries))]


def _device_path(device: Device) -> str:
    kind = {"b": "block", "c": "char"}[device.kind]
    if device.major == ANY:
        return f"{kind}-*" if device.minor == ANY else ""
    if device.minor == ANY:
        return f"{kind}-{device.major}"
    return f"/dev/{kind}/{device.major}:{device.minor}"


def of_annotations(annotations: dict[str, str]) -> list[Property]:
    """Return the properties that annotations org.systemd.property.NAME give, in text.

    A NAME in Sec, as manuals have it, is one in USec to systemd, and its value in microseconds.
    Raises OSError (EINVAL).
    """
    found = []
    for key, value in annotations.items():
        name = key.removeprefix(_ANNOTATION)
        if name != key:
            if not (name.isascii() and name.isalpha() and len(name) > 2):
                raise OSError(errno.EINVAL, f"annotation {key}: not the name of a property")
            found.append(_of_annotation(name, text.parse(value)))
    return found


def _of_annotation(name: str, variant: Variant) -> Property:
    stem = name.removesuffix("Sec")
    if stem == name or not stem[-1:].islower():
        return name, variant
    number: Any = variant.value
    if variant.signature not in tuple("ynqiuxtd") or number < 0:
        raise OSError(errno.EINVAL, f"annotation {_ANNOTATION}{name}: not a number of seconds")
    return f"{stem}USec", Variant("t", int(number * _SECOND_US))
