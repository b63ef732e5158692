"""When and where a process runs: its scheduler, I/O priority, CPUs and memory nodes.

Set on the way, while the process has the rights of root on the host, and inherited by all that it
starts. Source: OCI runtime-spec, config.md#linux-process, config-linux.md#memory-policy;
sched_setattr(2), ioprio_set(2), sched_setaffinity(2), set_mempolicy(2).
"""

from __future__ import annotations

import os

from seacan.errors import Internal, InvalidArgument
from seacan.kernel import this_process
from seacan.runtime.failures import cause
from seacan.runtime.launch import Launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

    from seacan.spec.runtime import IOPriority, LinuxMemoryPolicy, Process, Scheduler

_POLICIES: Final = {  # linux/sched.h
    "SCHED_OTHER": 0,
    "SCHED_FIFO": 1,
    "SCHED_RR": 2,
    "SCHED_BATCH": 3,
    "SCHED_ISO": 4,
    "SCHED_IDLE": 5,
    "SCHED_DEADLINE": 6,
}
_SCHEDULER_FLAGS: Final = {
    "SCHED_FLAG_RESET_ON_FORK": 0x01,
    "SCHED_FLAG_RECLAIM": 0x02,
    "SCHED_FLAG_DL_OVERRUN": 0x04,
    "SCHED_FLAG_KEEP_POLICY": 0x08,
    "SCHED_FLAG_KEEP_PARAMS": 0x10,
    "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20,
    "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
}
_IO_CLASSES: Final = {  # linux/ioprio.h
    "IOPRIO_CLASS_RT": 1,
    "IOPRIO_CLASS_BE": 2,
    "IOPRIO_CLASS_IDLE": 3,
}
_IO_CLASS_SHIFT: Final = 13
_MEMORY_MODES: Final = {  # linux/mempolicy.h
    "MPOL_DEFAULT": 0,
    "MPOL_PREFERRED": 1,
    "MPOL_BIND": 2,
    "MPOL_INTERLEAVE": 3,
    "MPOL_LOCAL": 4,
    "MPOL_PREFERRED_MANY": 5,
    "MPOL_WEIGHTED_INTERLEAVE": 6,
}
_MEMORY_FLAGS: Final = {
    "MPOL_F_NUMA_BALANCING": 1 << 13,
    "MPOL_F_RELATIVE_NODES": 1 << 14,
    "MPOL_F_STATIC_NODES": 1 << 15,
}
_WITHOUT_NODES: Final = ("MPOL_DEFAULT", "MPOL_LOCAL")
_MAX_LISTED: Final = 8192  # CPUs of the largest kernels; nodes are fewer


def check(process: Process) -> None:
    """Raise InvalidArgument for properties of `process` that no kernel would take."""
    if (scheduler := process.get("scheduler")) is not None:
        _check_scheduler(scheduler)
    if (io_priority := process.get("ioPriority")) is not None:
        _check_io_priority(io_priority)
    affinity = process.get("execCPUAffinity", {})
    read_list("process.execCPUAffinity.initial", affinity.get("initial", ""))
    read_list("process.execCPUAffinity.final", affinity.get("final", ""))


def _check_scheduler(scheduler: Scheduler) -> None:
    name, policy = "process.scheduler", scheduler.get("policy", "")
    _number_of(f"{name}.policy", policy, _POLICIES)
    _bits_of(f"{name}.flags", scheduler.get("flags", []), _SCHEDULER_FLAGS)
    if not -20 <= scheduler.get("nice", 0) <= 19:
        raise InvalidArgument(f"{name}.nice: not from -20 to 19: {scheduler['nice']}")
    if scheduler.get("priority") and policy not in ("SCHED_FIFO", "SCHED_RR"):
        raise InvalidArgument(f"{name}.priority: only for SCHED_FIFO and SCHED_RR: {policy}")
    if scheduler.get("priority", 0) < 0:
        raise InvalidArgument(f"{name}.priority: below 0: {scheduler['priority']}")
    for key in ("runtime", "deadline", "period"):
        if scheduler.get(key) and policy != "SCHED_DEADLINE":
            raise InvalidArgument(f"{name}.{key}: only for SCHED_DEADLINE: {policy}")


def _check_io_priority(io_priority: IOPriority) -> None:
    _number_of("process.ioPriority.class", io_priority.get("class", ""), _IO_CLASSES)
    if not 0 <= io_priority.get("priority", -1) <= 7:
        level = io_priority.get("priority", "missing")
        raise InvalidArgument(f"process.ioPriority.priority: not from 0 to 7: {level}")


def check_memory_policy(policy: LinuxMemoryPolicy) -> None:
    """Raise InvalidArgument for a policy that no kernel would take."""
    name, mode = "linux.memoryPolicy", policy.get("mode", "")
    _number_of(f"{name}.mode", mode, _MEMORY_MODES)
    _bits_of(f"{name}.flags", policy.get("flags", []), _MEMORY_FLAGS)
    nodes = read_list(f"{name}.nodes", policy.get("nodes", ""))
    if nodes and mode in _WITHOUT_NODES:
        raise InvalidArgument(f"{name}.nodes: not for {mode}")
    if not nodes and mode not in (*_WITHOUT_NODES, "MPOL_PREFERRED"):
        raise InvalidArgument(f"{name}.nodes: missing for {mode}")


def _number_of(name: str, value: str, numbers: Mapping[str, int]) -> int:
    if value not in numbers:
        raise InvalidArgument(f"{name}: {f'unknown: {value}' if value else 'missing'}")
    return numbers[value]


def _bits_of(name: str, flags: Iterable[str], numbers: Mapping[str, int]) -> int:
    bits = 0
    for flag in flags:
        bits |= _number_of(name, flag, numbers)
    return bits


def read_list(name: str, text: str) -> set[int]:
    """Return the numbers of a list such as `0-3,7`; none for an empty one.

    Raises InvalidArgument.
    """
    numbers: set[int] = set()
    for part in text.split(",") if text.strip() else []:
        first, dash, last = part.strip().partition("-")
        if not _is_listed(first) or (dash and not _is_listed(last)):
            raise InvalidArgument(f"{name}: not a list like 0-3,7: {text!r}")
        if dash and int(last) < int(first):
            raise InvalidArgument(f"{name}: upside down: {part.strip()}")
        numbers.update(range(int(first), int(last if dash else first) + 1))
    return numbers


def _is_listed(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 5 and int(text) < _MAX_LISTED


def set_scheduling(launch: Launch) -> None:
    """Set what is asked for; in the cgroup already, whose CPUs and nodes are those to be had."""
    if (scheduler := launch.process.get("scheduler")) is not None:
        _set_scheduler(scheduler)
    if (io_priority := launch.process.get("ioPriority")) is not None:
        _set_io_priority(io_priority)
    if (policy := launch.linux.get("memoryPolicy")) is not None:
        _set_memory_policy(policy)


def _set_scheduler(scheduler: Scheduler) -> None:
    try:
        this_process.sched_setattr(
            policy=_POLICIES[scheduler["policy"]],
            flags=_bits_of("process.scheduler.flags", scheduler.get("flags", []), _SCHEDULER_FLAGS),
            nice=scheduler.get("nice", 0),
            priority=scheduler.get("priority", 0),
            times_ns=(
                scheduler.get("runtime", 0),
                scheduler.get("deadline", 0),
                scheduler.get("period", 0),
            ),
        )
    except OSError as err:
        raise Internal(f"process.scheduler: {scheduler['policy']}: {cause(err)}") from err


def _set_io_priority(io_priority: IOPriority) -> None:
    number = _IO_CLASSES[io_priority["class"]] << _IO_CLASS_SHIFT | io_priority["priority"]
    try:
        this_process.ioprio_set(number)
    except OSError as err:
        raise Internal(f"process.ioPriority: {io_priority['class']}: {cause(err)}") from err


def _set_memory_policy(policy: LinuxMemoryPolicy) -> None:
    flags = _bits_of("linux.memoryPolicy.flags", policy.get("flags", []), _MEMORY_FLAGS)
    nodes = read_list("linux.memoryPolicy.nodes", policy.get("nodes", ""))
    try:
        this_process.set_mempolicy(_MEMORY_MODES[policy["mode"]] | flags, nodes)
    except OSError as err:
        raise Internal(f"linux.memoryPolicy: {policy['mode']}: {cause(err)}") from err


def set_initial_cpus(launch: Launch) -> None:
    """Run where a joining process is to run until it is in the container's cgroup."""
    _set_cpus("initial", launch.process.get("execCPUAffinity", {}).get("initial", ""))


def set_final_cpus(launch: Launch) -> None:
    """Run where a joining process is to run from there on."""
    _set_cpus("final", launch.process.get("execCPUAffinity", {}).get("final", ""))


def _set_cpus(key: str, text: str) -> None:
    if not (cpus := read_list(f"process.execCPUAffinity.{key}", text)):
        return
    try:
        os.sched_setaffinity(0, cpus)
    except OSError as err:
        raise Internal(f"process.execCPUAffinity.{key}: {text}: {cause(err)}") from err
