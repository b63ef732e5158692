"""/health and /metrics: beside the API, for those who watch the registry."""

import os

from anyio import to_thread

from seacan.http.messages import Answer, Application, Reply, Request
from seacan.metrics import CONTENT_TYPE
from seacan.registry.errors import FAILURES
from seacan.registry.metrics import Metrics
from seacan.registry.store import Store
from seacan.registry.uploads import Uploads


class Status:
    """An Application: `behind` answers what is neither. Metrics are shown if `shows_metrics`."""

    def __init__(
        self,
        store: Store,
        uploads: Uploads,
        metrics: Metrics,
        behind: Application,
        *,
        shows_metrics: bool,
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._metrics = metrics
        self._behind = behind
        self._shows_metrics = shows_metrics

    async def __call__(self, request: Request) -> Answer:
        if request.method in ("GET", "HEAD"):
            if request.target == "/health":
                return await to_thread.run_sync(self._health)
            if request.target == "/metrics" and self._shows_metrics:
                return await to_thread.run_sync(self._show_metrics)
        return await self._behind(request)

    def _health(self) -> Reply:
        """Return 200 if the store can be read and written, else 503 with why."""
        probe = self._store.root / "ingest" / ".health"
        try:
            self._uploads.count()
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
            probe.unlink(missing_ok=True)
        except FAILURES as err:
            return Reply(503, f"{err}\n".encode(), "text/plain; charset=utf-8")
        return Reply(200, b"ok\n", "text/plain; charset=utf-8")

    def _show_metrics(self) -> Reply:
        return Reply(200, self._metrics.text(self._uploads.count()), CONTENT_TYPE)


async def nothing(request: Request) -> Answer:
    """Answer what is at no path."""
    return Reply(404, b"404 not found\n", "text/plain; charset=utf-8")
