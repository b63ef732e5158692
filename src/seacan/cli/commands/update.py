"""`seacan update`: other limits and ports, at once if the container runs."""

from __future__ import annotations

from seacan.cli.container_request import restart_policy
from seacan.cli.container_values import PUBLISHED
from seacan.cli.flags import Flag
from seacan.cli.port_flag import port_bindings
from seacan.cli.session import for_each
from seacan.cli.values import BYTES, CPUS, INT, MEMORY_SWAP, TEXT, UINT16
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("blkio-weight", "", UINT16, "Share of block I/O, 10 to 1000"),
    Flag("cpu-period", "", INT, "Period of the CPU quota, in microseconds"),
    Flag("cpu-quota", "", INT, "CPU time in each period, in microseconds"),
    Flag("cpu-rt-period", "", INT, "Period of real-time scheduling, in microseconds"),
    Flag("cpu-rt-runtime", "", INT, "Real-time CPU time in each period, in microseconds"),
    Flag("cpu-shares", "c", INT, "Share of CPU time when it is scarce"),
    Flag("cpus", "", CPUS, "How many CPUs it may keep busy, as in 1.5"),
    Flag("cpuset-cpus", "", TEXT, "CPUs to run on, as in 0-3 or 0,1"),
    Flag("cpuset-mems", "", TEXT, "Memory nodes to use, as in 0-3 or 0,1"),
    Flag("kernel-memory", "", BYTES, "", deprecated="it has no effect since API 1.42"),
    Flag("memory", "m", BYTES, "Memory limit, as in 512m"),
    Flag("memory-reservation", "", BYTES, "Memory that it keeps when memory is scarce"),
    Flag("memory-swap", "", MEMORY_SWAP, "Limit of memory and swap together; -1: no limit"),
    Flag("pids-limit", "", INT, "How many processes it may have; -1: no limit"),
    Flag("publish-add", "", PUBLISHED, "Publish one more port, [[IP:]PORT:]PORT"),
    Flag("publish-rm", "", PUBLISHED, "Publish a port no longer, [[IP:]PORT:]PORT"),
    Flag("restart", "", TEXT, "When to start it again: no, on-failure[:N], always or so"),
)

_NUMBERS = {
    "blkio-weight": "BlkioWeight",
    "cpu-period": "CpuPeriod",
    "cpu-quota": "CpuQuota",
    "cpu-rt-period": "CpuRealtimePeriod",
    "cpu-rt-runtime": "CpuRealtimeRuntime",
    "cpu-shares": "CpuShares",
    "cpus": "NanoCpus",
    "kernel-memory": "KernelMemory",
    "memory": "Memory",
    "memory-reservation": "MemoryReservation",
    "memory-swap": "MemorySwap",
    "pids-limit": "PidsLimit",
}
_TEXTS = {"cpuset-cpus": "CpusetCpus", "cpuset-mems": "CpusetMems"}
_PORTS = {"publish-add": "PublishAdd", "publish-rm": "PublishRemove"}


def run(session: Session, values: Values, arguments: list[str]) -> int:
    changes = changes_of(values)
    containers = session.client.containers
    warnings: list[str] = []
    code = for_each(arguments, lambda name: warnings.extend(containers.update(name, changes)))
    for warning in dict.fromkeys(warnings):
        print(warning)
    return code


def changes_of(values: Values) -> dict[str, Any]:
    """Return the body of the request: what was given. Raises InvalidArgument if nothing was."""
    changes: dict[str, Any] = {}
    changes |= {key: values.number(name) for name, key in _NUMBERS.items() if values.is_given(name)}
    changes |= {key: values.text(name) for name, key in _TEXTS.items() if values.is_given(name)}
    changes |= {
        key: port_bindings(values.texts(name))
        for name, key in _PORTS.items()
        if values.is_given(name)
    }
    if values.is_given("restart"):
        changes["RestartPolicy"] = restart_policy(values.text("restart")) or {"Name": "no"}
    if not changes:
        raise InvalidArgument("you must provide one or more flags when using this command")
    return changes
