"""What the daemon counts and times, and shows to Prometheus under dockerd's names.

A time is that of what succeeded, as dockerd's. Source: moby, daemon/internal/metrics; metrics of a
process as Prometheus' clients have them.
"""

import os
import resource
from pathlib import Path
from typing import Any, Final

from seacan import metrics
from seacan.engine.containers.containers import Containers
from seacan.engine.context import Context
from seacan.engine.system import System
from seacan.metrics import Gauge

_PREFIX: Final = "engine_daemon"
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Exposition:
    """All values at once."""

    def __init__(self, context: Context, containers: Containers, system: System) -> None:
        self._context = context
        self._containers = containers
        self._system = system

    def text(self) -> bytes:
        """Return them in Prometheus' format. Blocks."""
        measures, info = self._context.measures, self._system.info()
        return metrics.text((*measures.families(), *self._told(), *_states(info), *_process()))

    def _told(self) -> list[Gauge]:
        events = self._context.events
        return [
            _gauge("events_total", "Events that were told.", events.told, "counter"),
            _gauge("events_subscribers_total", "Who listens to events now.", events.listeners),
        ]


def _gauge(name: str, what: str, value: float, kind: str = "gauge") -> Gauge:
    return Gauge(f"{_PREFIX}_{name}", what, {"": value}, kind)


def _states(info: dict[str, Any]) -> list[Gauge]:
    """Return what `info` says, of containers and of the host."""
    engine = {
        "version": info["ServerVersion"],
        "commit": "",
        "architecture": info["Architecture"],
        "graphdriver": info["Driver"],
        "kernel": info["KernelVersion"],
        "os": info["OperatingSystem"],
        "os_type": info["OSType"],
        "os_version": info["OSVersion"],
        "daemon_id": info["ID"],
    }
    states = {
        metrics.labels({"state": state.lower()}): info[f"Containers{state}"]
        for state in ("Paused", "Running", "Stopped")
    }
    return [
        Gauge(f"{_PREFIX}_container_states_containers", "Containers by their state.", states),
        Gauge(f"{_PREFIX}_engine_info", "What this engine is.", {metrics.labels(engine): 1}),
        _gauge("engine_cpus_cpus", "Processors of the host.", info["NCPU"]),
        _gauge("engine_memory_bytes", "Memory of the host.", info["MemTotal"]),
    ]


def _process() -> list[Gauge]:
    """Return what the daemon's own process uses. Source: proc_pid_stat(5), from field 3 on."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS
    booted_at = next(
        int(line.split()[1])
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith("btime ")
    )
    values = (
        ("cpu_seconds_total", "Time on processors, user's and system's.", cpu_s, "counter"),
        ("open_fds", "Descriptors that are open.", len(os.listdir("/proc/self/fd")), "gauge"),
        ("max_fds", "Descriptors that may be open.",
         resource.getrlimit(resource.RLIMIT_NOFILE)[0], "gauge"),
        ("virtual_memory_bytes", "Address space.", int(fields[20]), "gauge"),
        ("resident_memory_bytes", "Memory in use.",
         int(fields[21]) * resource.getpagesize(), "gauge"),
        ("start_time_seconds", "When the daemon was started.",
         booted_at + int(fields[19]) / _TICKS, "gauge"),
    )  # fmt: skip
    return [Gauge(f"process_{name}", what, {"": value}, kind) for name, what, value, kind in values]
