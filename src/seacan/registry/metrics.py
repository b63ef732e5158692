"""Counters for Prometheus, in its text format; no name of a repository or a client is in them.

Source: prometheus.io, "Exposition formats", text version 0.0.4.
"""

import threading
import time
from collections import Counter
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"})
_HELP: Final = {
    "seacan_registry_requests_total": ("counter", "Requests answered."),
    "seacan_registry_received_bytes_total": ("counter", "Bytes of blobs received."),
    "seacan_registry_collected_bytes_total": ("counter", "Bytes of blobs that were collected."),
    "seacan_registry_collected_blobs_total": ("counter", "Blobs that were collected."),
    "seacan_registry_fetched_bytes_total": ("counter", "Bytes of blobs fetched for the cache."),
    "seacan_registry_uploads": ("gauge", "Uploads under way."),
    "seacan_registry_start_time_seconds": ("gauge", "When the registry was started."),
}


class Metrics:
    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._values: Counter[tuple[str, str]] = Counter()
        self._started_at = time.time()

    def add(self, name: str, amount: int, labels: str = "") -> None:
        """Add to a counter. `labels`: as the format has them, `a="b",c="d"`."""
        with self._guard:
            self._values[f"seacan_registry_{name}_total", labels] += amount

    def count_request(self, resource: str, method: str, status: int) -> None:
        known = method if method in _METHODS else "other"
        self.add(
            "requests", 1, f'resource="{resource or "none"}",method="{known}",status="{status}"'
        )

    def text(self, uploads: int) -> bytes:
        """Return all values."""
        with self._guard:
            values = dict(self._values)
        values["seacan_registry_uploads", ""] = uploads
        values["seacan_registry_start_time_seconds", ""] = int(self._started_at)
        lines = []
        for name, (kind, text) in _HELP.items():
            samples = sorted((labels, n) for (key, labels), n in values.items() if key == name)
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
            lines += [
                f"{name}{{{labels}}} {n}" if labels else f"{name} {n}" for labels, n in samples
            ]
        return "\n".join([*lines, ""]).encode()
