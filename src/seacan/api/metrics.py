"""/metrics, at an address of its own: for those who watch the daemon, whoever they are."""

from collections.abc import Callable

import anyio

from seacan.http.messages import Answer, Reply, Request
from seacan.metrics import CONTENT_TYPE


class MetricsDoor:
    """An Application that answers nothing else."""

    def __init__(self, text: Callable[[], bytes]) -> None:
        self._text = text

    async def __call__(self, request: Request) -> Answer:
        if request.method in ("GET", "HEAD") and request.target.partition("?")[0] == "/metrics":
            return Reply(200, await anyio.to_thread.run_sync(self._text), CONTENT_TYPE)
        return Reply(404, b"404 page not found\n", "text/plain; charset=utf-8")
