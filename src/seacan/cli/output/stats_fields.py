"""The fields of a container's use, by the names that Docker's formats give them.

Source: docker/cli, how `docker stats` takes its percentages.
"""

from __future__ import annotations

from seacan.cli.output.rows import Listing, Row
from seacan.cli.output.table import short_id
from seacan.cli.output.units import binary_size, decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STATS = Listing(
    "*container.statsContext",
    {
        "Container": "CONTAINER",
        "Name": "NAME",
        "ID": "CONTAINER ID",
        "CPUPerc": "CPU %",
        "MemUsage": "MEM USAGE / LIMIT",
        "MemPerc": "MEM %",
        "NetIO": "NET I/O",
        "BlockIO": "BLOCK I/O",
        "PIDs": "PIDS",
    },
    ("ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"),
)


def stats_fields(asked: str, stats: dict[str, Any], *, whole: bool) -> Row:
    """Return the fields of GET /containers/{id}/stats; `asked`: how the container was named."""
    memory = stats["memory_stats"]
    used, limit = _used_bytes(memory), memory.get("limit", 0)
    networks = (stats.get("networks") or {}).values()
    container_id = stats.get("id", "")
    return Row(
        {
            "Container": asked,
            "ID": container_id if whole else short_id(container_id),
            "Name": stats.get("name", "").removeprefix("/"),
            "CPUPerc": f"{_cpu_percent(stats):.2f}%",
            "MemUsage": f"{binary_size(used)} / {binary_size(limit)}",
            "MemPerc": f"{used / limit * 100 if limit else 0:.2f}%",
            "NetIO": _both(
                sum(one["rx_bytes"] for one in networks), sum(one["tx_bytes"] for one in networks)
            ),
            "BlockIO": _both(_block_bytes(stats, "r"), _block_bytes(stats, "w")),
            "PIDs": str(stats["pids_stats"].get("current", 0)),
        }
    )


def _cpu_percent(stats: dict[str, Any]) -> float:
    """Return the part of one processor's time that was used between two readings."""
    now, before = stats["cpu_stats"], stats["precpu_stats"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    cpus = now.get("online_cpus") or len(now["cpu_usage"].get("percpu_usage") or ())
    return used / passed * cpus * 100 if used > 0 and passed > 0 else 0.0


def _used_bytes(memory: dict[str, Any]) -> int:
    """Return what is used without what is cached and may go at any moment."""
    usage: int = memory.get("usage", 0)
    counters = memory.get("stats") or {}
    idle: int = counters.get("total_inactive_file", counters.get("inactive_file", 0))
    return usage - idle if idle < usage else usage


def _block_bytes(stats: dict[str, Any], letter: str) -> int:
    counts = stats["blkio_stats"].get("io_service_bytes_recursive") or []
    return sum(count["value"] for count in counts if count["op"].lower().startswith(letter))


def _both(received: int, sent: int) -> str:
    return f"{decimal_size(received)} / {decimal_size(sent)}"
