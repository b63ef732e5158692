"""The daemon itself: _ping, version, info."""

from typing import Final

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes.system import shape_info
from seacan.http.messages import Reply

_PONG_HEADERS: Final = (
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Swarm", "inactive"),
)


class SystemRoutes:
    def __init__(self, system: engine.System) -> None:
        self._system = system

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/_ping", self.ping),
            Route("HEAD", "/_ping", self.ping),
            Route("GET", "/version", self.version),
            Route("GET", "/info", self.info),
        ]

    async def ping(self, call: Call) -> Reply:
        # 2 is what the docker CLI looks for before it builds through buildx.
        builder = ("Builder-Version", "2" if self._system.prefers_buildkit else "1")
        return Reply(200, b"OK", "text/plain; charset=utf-8", (builder, *_PONG_HEADERS))

    async def version(self, call: Call) -> Reply:
        return json_reply(self._system.version())

    async def info(self, call: Call) -> Reply:
        return json_reply(shape_info(self._system.info(), call.version))
