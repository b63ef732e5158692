"""What the registry counts; no name of a repository or a client is in it."""

import time
from typing import Final

from seacan import metrics
from seacan.metrics import Counter, Gauge

_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"})
_PREFIX: Final = "seacan_registry"


class Metrics:
    def __init__(self) -> None:
        def counter(name: str, what: str) -> Counter:
            return Counter(f"{_PREFIX}_{name}_total", what)

        self.requests = counter("requests", "Requests answered.")
        self.received_bytes = counter("received_bytes", "Bytes of blobs received.")
        self.collected_bytes = counter("collected_bytes", "Bytes of blobs that were collected.")
        self.collected_blobs = counter("collected_blobs", "Blobs that were collected.")
        self.fetched_bytes = counter("fetched_bytes", "Bytes of blobs fetched for the cache.")
        self._started_at = time.time()

    def count_request(self, resource: str, method: str, status: int) -> None:
        known = method if method in _METHODS else "other"
        among = {"resource": resource or "none", "method": known, "status": str(status)}
        self.requests.add(1, metrics.labels(among))

    def text(self, uploads: int) -> bytes:
        """Return all values."""
        started = {"": int(self._started_at)}
        return metrics.text(
            (
                self.requests,
                self.received_bytes,
                self.collected_bytes,
                self.collected_blobs,
                self.fetched_bytes,
                Gauge(f"{_PREFIX}_uploads", "Uploads under way.", {"": uploads}),
                Gauge(f"{_PREFIX}_start_time_seconds", "When the registry was started.", started),
            )
        )
