"""The cgroups of a process: where they are, the limits that count for it, and what is used.

A limit counts for all that is below it, so the strictest from here up to the root is told.
Source: the kernel's cgroup-v1/*.rst and cgroup-v2.rst; cgroups(7).
"""

import os
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from seacan.hood.process_tree import status_of
from seacan.kernel import procfs
from seacan.kernel.cgroups import files, hierarchy
from seacan.spec.explanation import Cgroup, Cgroups, Limit

# The largest limit of version 1 in bytes is no limit: LONG_MAX, rounded down to a page.
_NO_LIMIT_BYTES: Final = 1 << 62


class Resource(NamedTuple):
    """`limit_file` is what the limit is read from, `limit` and `used` read a directory.

    `counter` is the controller that counts what is used, if that is another.
    """

    name: str
    controller: str
    counter: str
    limit_file: str
    limit: Callable[[str], float | None]
    used: Callable[[str], float]


def read(pid: int) -> Cgroups:
    places = hierarchy.directories_of(pid)
    cgroups = list(_cgroups(pid, places))
    limits = [_limit(resource, places) for resource in resources() if resource.controller in places]
    return {
        "List": cgroups,
        "Limits": limits,
        "See": [f"cat /proc/{pid}/cgroup", *(f"cat {limit['File']}" for limit in limits)],
    }


def strictest(resource: Resource, directory: str) -> tuple[float | None, str]:
    """Return the limit of `directory` or one above that is the lowest, and the file that has it.

    Without a limit, None and the file where there would be one.
    """
    found: tuple[float | None, str] = (None, f"{directory}/{resource.limit_file}")
    for place in _upwards(directory):
        limit = resource.limit(place)
        if limit is not None and (found[0] is None or limit < found[0]):
            found = limit, f"{place}/{resource.limit_file}"
    return found


def resources() -> tuple[Resource, ...]:
    return _V1 if hierarchy.detect() == "v1" else _V2


def _limit(resource: Resource, places: dict[str, str]) -> Limit:
    limit, file = strictest(resource, places[resource.controller])
    used = resource.used(places.get(resource.counter, ""))
    return {"Resource": resource.name, "Limit": limit, "Used": used, "File": file}


def _cgroups(pid: int, places: dict[str, str]) -> Iterator[Cgroup]:
    for line in os.fsdecode(procfs.read(f"{pid}/cgroup")).splitlines():
        _, names, path = line.split(":", 2)
        controllers = names.split(",") if names else []
        directory = places.get(controllers[0] if controllers else "", "")
        yield {
            "Version": 1 if controllers else 2,
            "Controllers": controllers,
            "Path": path,
            "Directory": directory,
        }


def _upwards(directory: str) -> Iterator[str]:
    """Yield `directory` and those above it, as long as they are cgroups."""
    while os.path.exists(f"{directory}/cgroup.procs"):
        yield directory
        directory = os.path.dirname(directory)


def _text(directory: str, name: str) -> str:
    """Return what is in a file; empty for one that is not there, as in a root."""
    return (files.read_if_any(f"{directory}/{name}") or "").strip()


def _number(name: str) -> Callable[[str], float]:
    return lambda directory: int(_text(directory, name) or 0)


def _limit_of(name: str, *, at_most: float = float("inf")) -> Callable[[str], float | None]:
    """Return what reads a limit: a number, but none for `max`, none, or a huge one."""

    def limit(directory: str) -> float | None:
        text = _text(directory, name)
        return int(text) if text.isdecimal() and int(text) < at_most else None

    return limit


def _cpus_v1(directory: str) -> float | None:
    quota, period = _text(directory, "cpu.cfs_quota_us"), _text(directory, "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdecimal() and period else None


def _cpus_v2(directory: str) -> float | None:
    quota, _, period = _text(directory, "cpu.max").partition(" ")
    return int(quota) / int(period) if quota.isdecimal() else None


def _cpu_seconds_v1(directory: str) -> float:
    return int(_text(directory, "cpuacct.usage") or 0) / 1e9


def _cpu_seconds_v2(directory: str) -> float:
    if not os.path.exists(f"{directory}/cpu.stat"):
        return 0.0
    return files.value_of(f"{directory}/cpu.stat", "usage_usec") / 1e6


_MEMORY_V1: Final = _limit_of("memory.limit_in_bytes", at_most=_NO_LIMIT_BYTES)
_MEMORY_USED_V1: Final = _number("memory.usage_in_bytes")
_MEMORY_USED_V2: Final = _number("memory.current")
_PIDS_USED: Final = _number("pids.current")
_V1: Final = (
    Resource("cpu", "cpu", "cpuacct", "cpu.cfs_quota_us", _cpus_v1, _cpu_seconds_v1),
    Resource("memory", "memory", "memory", "memory.limit_in_bytes", _MEMORY_V1, _MEMORY_USED_V1),
    Resource("pids", "pids", "pids", "pids.max", _limit_of("pids.max"), _PIDS_USED),
)
_V2: Final = (
    Resource("cpu", "", "", "cpu.max", _cpus_v2, _cpu_seconds_v2),
    Resource("memory", "", "", "memory.max", _limit_of("memory.max"), _MEMORY_USED_V2),
    Resource("pids", "", "", "pids.max", _limit_of("pids.max"), _PIDS_USED),
)


def is_in_container(pid: int) -> bool:
    """Whether it counts its processes anew: it is in a pid namespace below the reader's."""
    return len(status_of(pid).get("NSpid", "").split()) > 1
