"""Limits in a request: checked as Docker does, in its words and its order."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from seacan.engine.bundle.resources import THROTTLES, soft_and_hard
from seacan.engine.host import Host, Limit
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import BlockDevice, HostConfig, Ulimit

_MEMORY_MINIMUM_BYTES: Final = 6 * 1024 * 1024
_CPU_NUMBER_LIMIT: Final = 8192

# Source: getrlimit(2).
_RLIMITS: Final = frozenset(
    {
        "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile",
        "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
    }
)  # fmt: skip

# What the kernel may lack: the field, the limit, what the field is then, and Docker's warning.
_MISSING: Final = "or the cgroup is not mounted"
_NO_SWAP: Final = (
    f"Your kernel does not support swap limit capabilities {_MISSING}. Memory limited without swap."
)
_DISCARDED: Final[Sequence[tuple[str, Limit, object, str]]] = (
    (
        "Memory",
        "memory",
        0,
        f"Your kernel does not support memory limit capabilities {_MISSING}. Limitation discarded.",
    ),
    (
        "MemorySwappiness",
        "swappiness",
        None,
        f"Your kernel does not support memory swappiness capabilities {_MISSING}. "
        "Memory swappiness discarded.",
    ),
    (
        "MemoryReservation",
        "reservation",
        0,
        f"Your kernel does not support memory soft limit capabilities {_MISSING}. "
        "Limitation discarded.",
    ),
    (
        "OomKillDisable",
        "oom_kill_disable",
        None,
        "Your kernel does not support OomKillDisable. OomKillDisable discarded.",
    ),
    (
        "PidsLimit",
        "pids",
        None,
        f"Your kernel does not support PIDs limit capabilities {_MISSING}. PIDs limit discarded.",
    ),
    (
        "CpuShares",
        "cpu_shares",
        0,
        f"Your kernel does not support CPU shares {_MISSING}. Shares discarded.",
    ),
    (
        "CpuPeriod",
        "cpu_quota",
        0,
        "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.",
    ),
    (
        "CpuQuota",
        "cpu_quota",
        0,
        "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.",
    ),
    (
        "CpusetCpus",
        "cpuset",
        "",
        f"Your kernel does not support cpuset {_MISSING}. Cpuset discarded.",
    ),
    (
        "CpusetMems",
        "cpuset",
        "",
        f"Your kernel does not support cpuset {_MISSING}. Cpuset discarded.",
    ),
    (
        "BlkioWeight",
        "blkio_weight",
        0,
        f"Your kernel does not support Block I/O weight {_MISSING}. Weight discarded.",
    ),
    (
        "BlkioWeightDevice",
        "blkio_weight_device",
        [],
        f"Your kernel does not support Block I/O weight_device {_MISSING}. "
        "Weight-device discarded.",
    ),
    (
        "BlkioDeviceReadBps",
        "blkio_throttle",
        [],
        f"Your kernel does not support BPS Block I/O read limit {_MISSING}. "
        "Block I/O BPS read limit discarded.",
    ),
    (
        "BlkioDeviceWriteBps",
        "blkio_throttle",
        [],
        f"Your kernel does not support BPS Block I/O write limit {_MISSING}. "
        "Block I/O BPS write limit discarded.",
    ),
    (
        "BlkioDeviceReadIOps",
        "blkio_throttle",
        [],
        f"Your kernel does not support IOPS Block read limit {_MISSING}. "
        "Block I/O IOPS read limit discarded.",
    ),
    (
        "BlkioDeviceWriteIOps",
        "blkio_throttle",
        [],
        f"Your kernel does not support IOPS Block write limit {_MISSING}. "
        "Block I/O IOPS write limit discarded.",
    ),
)


def normalise(host_config: HostConfig, host: Host) -> list[str]:
    """Check the limits of `host_config`, fill in what follows from them, and return warnings.

    A limit that this kernel does not have is taken out of `host_config`, with a warning, as Docker
    does. Raises InvalidArgument in Docker's words.
    """
    if host_config.get("MemorySwappiness") == -1:  # the docker CLI's word for none
        host_config["MemorySwappiness"] = None
    if (host_config.get("PidsLimit") or 0) <= 0:
        host_config["PidsLimit"] = None
    _check_memory(host_config)
    _check_tcp_memory(host_config, host)
    _check_cpu(host_config, host)
    _check_block_io(host_config)
    _check_ulimits(host_config.get("Ulimits") or [])
    warnings = _discard(host_config, host)
    if (host_config.get("CpuPercent") or 0) > 0:
        host_config["CpuPercent"] = 0
        warnings.append("linux does not support CPU percent. Percent discarded.")
    _fill_memory(host_config, host, warnings)
    return list(dict.fromkeys(warnings))


def check_update(changes: HostConfig, host: Host) -> list[str]:
    """Check the limits of an update as `normalise` those of a create, and return warnings.

    What is not named stays as it is, so nothing follows from what is. Raises InvalidArgument.
    """
    _check_memory(changes, is_update=True)
    _check_cpu(changes, host)
    _check_block_io(changes)
    if changes.get("Memory") and changes.get("MemorySwap") != -1 and "swap" not in host.limits:
        changes["MemorySwap"] = -1
        return [*_discard(changes, host), _NO_SWAP]
    return list(dict.fromkeys(_discard(changes, host)))


def _check_memory(host_config: HostConfig, *, is_update: bool = False) -> None:
    memory = host_config.get("Memory") or 0
    swap = host_config.get("MemorySwap") or 0
    reservation = host_config.get("MemoryReservation") or 0
    swappiness = host_config.get("MemorySwappiness")
    if memory and memory < _MEMORY_MINIMUM_BYTES:
        raise InvalidArgument("Minimum memory limit allowed is 6MB")
    if 0 < swap < memory:
        raise InvalidArgument(
            "Minimum memoryswap limit should be larger than memory limit, see usage"
        )
    if swap > 0 and not memory and not is_update:
        raise InvalidArgument(
            "You should always set the Memory limit when using Memoryswap limit, see usage"
        )
    if swappiness is not None and not 0 <= swappiness <= 100:
        raise InvalidArgument(
            f"Invalid value: {swappiness}, valid memory swappiness range is 0-100"
        )
    if reservation not in (-1, 0) and reservation < _MEMORY_MINIMUM_BYTES:
        raise InvalidArgument("Minimum memory reservation allowed is 6MB")
    if 0 < memory < reservation:
        raise InvalidArgument(
            "Minimum memory limit can not be less than memory reservation limit, see usage"
        )


def _check_tcp_memory(host_config: HostConfig, host: Host) -> None:
    limit_bytes = host_config.get("KernelMemoryTCP") or 0
    if limit_bytes < 0:
        raise InvalidArgument(f"invalid KernelMemoryTCP: {limit_bytes}")
    if limit_bytes and "kernel_memory_tcp" not in host.limits:
        raise InvalidArgument("the kernel does not support a memory limit of TCP buffers by cgroup")


def _check_cpu(host_config: HostConfig, host: Host) -> None:
    nano = host_config.get("NanoCpus") or 0
    period = host_config.get("CpuPeriod") or 0
    quota = host_config.get("CpuQuota") or 0
    shares = host_config.get("CpuShares") or 0
    if shares < 0:
        raise InvalidArgument(f"invalid CPU shares ({shares}): value must be a positive integer")
    if shares == 1:
        raise InvalidArgument("the minimum allowed cpu-shares is 2")
    if shares > 262144:
        raise InvalidArgument("the maximum allowed cpu-shares is 262144")
    if nano and period:
        raise InvalidArgument("Conflicting options: Nano CPUs and CPU Period cannot both be set")
    if nano and quota:
        raise InvalidArgument("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
    if nano and "cpu_quota" not in host.limits:
        raise InvalidArgument(
            "NanoCpus can not be set, as your kernel does not support CPU CFS scheduler "
            "or the cgroup is not mounted"
        )
    if not 0 <= nano <= host.cpu_count * 10**9:
        raise InvalidArgument(
            f"range of CPUs is from 0.01 to {host.cpu_count}.00, "
            f"as there are only {host.cpu_count} CPUs available"
        )
    if period and not 1000 <= period <= 1_000_000:
        raise InvalidArgument(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
        )
    if 0 < quota < 1000:
        raise InvalidArgument("CPU cfs quota can not be less than 1ms (i.e. 1000)")
    _check_realtime(host_config, host)
    _check_list(host_config.get("CpusetCpus") or "", host.cpus, "cpus", "CPUs")
    _check_list(host_config.get("CpusetMems") or "", host.memory_nodes, "mems", "memory nodes")


def _check_realtime(host_config: HostConfig, host: Host) -> None:
    period = host_config.get("CpuRealtimePeriod") or 0
    runtime = host_config.get("CpuRealtimeRuntime") or 0
    if period < 0 or runtime < 0:
        raise InvalidArgument("cpu real-time period and runtime cannot be negative")
    if period and runtime > period:
        raise InvalidArgument("cpu real-time runtime cannot be higher than cpu real-time period")
    if (period or runtime) and "cpu_realtime" not in host.limits:
        raise InvalidArgument("the kernel does not support real-time scheduling by cgroup")


def _check_list(text: str, available: str, word: str, objects: str) -> None:
    try:
        wanted = numbers_of(text)
    except ValueError as err:
        raise InvalidArgument(f"Invalid value {text} for cpuset {word}: {err}") from None
    if not wanted <= numbers_of(available):
        raise InvalidArgument(
            f"Requested {objects} are not available - requested {text}, available: {available}"
        )


def numbers_of(text: str) -> frozenset[int]:
    """Return the numbers of a list such as `0-3,8`. Raises ValueError. Source: cpuset(7), List."""
    numbers: set[int] = set()
    left = 2 * _CPU_NUMBER_LIMIT  # else `0-1000` a hundred thousand times would take long
    for part in filter(None, text.split(",")):
        first, dash, last = part.partition("-")
        ends = [first, last] if dash else [first, first]
        if not all(end.isascii() and end.isdecimal() and len(end) <= 5 for end in ends):
            raise ValueError(f"invalid format: {text}")
        low, high = map(int, ends)
        if not low <= high <= _CPU_NUMBER_LIMIT:
            raise ValueError(f"invalid format: {text}")
        left -= high - low + 1
        if left < 0:
            raise ValueError("it has the same ones too often")
        numbers.update(range(low, high + 1))
    return frozenset(numbers)


def _check_block_io(host_config: HostConfig) -> None:
    values: Mapping[str, Any] = host_config
    weight = host_config.get("BlkioWeight") or 0
    if weight and not 10 <= weight <= 1000:
        raise InvalidArgument("Range of blkio weight is from 10 to 1000")
    for entry in host_config.get("BlkioWeightDevice") or []:
        _check_device(entry, "BlkioWeightDevice", "Weight")
        if not 10 <= (entry["Weight"] or 0) <= 1000:
            raise InvalidArgument("Range of blkio weight is from 10 to 1000")
    for field in THROTTLES:
        for entry in values.get(field) or []:
            _check_device(entry, field, "Rate")


def _check_device(entry: BlockDevice, field: str, amount: Literal["Weight", "Rate"]) -> None:
    number = entry.get(amount)
    if not entry.get("Path") or number is None or number < 0:
        raise InvalidArgument(f"invalid {field}: Path and {amount} must be a path and a number")


def _check_ulimits(ulimits: Sequence[Ulimit]) -> None:
    names = [(ulimit.get("Name") or "").lower() for ulimit in ulimits]
    for name, ulimit in zip(names, ulimits, strict=True):
        if name not in _RLIMITS:
            raise InvalidArgument(f"wrong rlimit value: RLIMIT_{name.upper()}")
        if names.count(name) > 1:
            raise InvalidArgument(f"ulimit {name} is given more than once")
        soft, hard = soft_and_hard(ulimit)
        if soft > hard:
            raise InvalidArgument(
                f"ulimit soft limit must be less than or equal to hard limit: "
                f"{ulimit.get('Soft') or 0} > {ulimit.get('Hard') or 0}"
            )


def _discard(host_config: HostConfig, host: Host) -> list[str]:
    values: dict[str, Any] = host_config  # type: ignore[assignment]
    warnings = []
    for field, limit, nothing, warning in _DISCARDED:
        if limit not in host.limits and values.get(field) is not None:
            if values[field]:
                warnings.append(warning)
            values[field] = nothing
    return warnings


def _fill_memory(host_config: HostConfig, host: Host, warnings: list[str]) -> None:
    memory, swap = host_config.get("Memory") or 0, host_config.get("MemorySwap") or 0
    if not memory and swap > 0:
        host_config["MemorySwap"] = -1
    if memory and swap != -1 and "swap" not in host.limits:
        warnings.append(_NO_SWAP)
        host_config["MemorySwap"] = -1
    elif memory and not swap:
        host_config["MemorySwap"] = 2 * memory
    if host_config.get("OomKillDisable") and not memory:
        warnings.append(
            "OOM killer is disabled for the container, but no memory limit is set, "
            "this can result in the system running out of resources."
        )
