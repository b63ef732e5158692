"""What processes have used of the CPUs, and use of memory. Source: proc_pid_stat(5)."""

import os
import time
from collections.abc import Iterable
from typing import Final

import msgspec

from seacan.kernel.processes import stat

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Reading(msgspec.Struct, frozen=True):
    """At one moment: `cpu_s` of all time, `memory_bytes` resident, of so many processes."""

    at_s: float
    cpu_s: float
    memory_bytes: int
    processes: int

    def cpus_since(self, before: "Reading") -> float:
        """Return how many CPUs were kept busy meanwhile; 0 if a process has ended with its time."""
        return max(0.0, (self.cpu_s - before.cpu_s) / max(self.at_s - before.at_s, 1e-9))


def read_use(pids: Iterable[int]) -> Reading:
    cpu_ticks = pages = count = 0
    for pid in pids:
        if not (fields := stat(pid)):
            continue
        cpu_ticks += int(fields[11]) + int(fields[12])  # utime, stime
        pages += int(fields[21])  # rss
        count += 1
    return Reading(time.monotonic(), cpu_ticks / _TICKS, pages * _PAGE_BYTES, count)
