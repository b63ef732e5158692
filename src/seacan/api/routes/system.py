"""The daemon itself: _ping, version, info."""

from typing import Final

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes.system import shape_info
from seacan.http.messages import Reply

# `Builder-Version: 1` keeps clients from looking for BuildKit.
_PONG: Final = Reply(
    200,
    b"OK",
    "text/plain; charset=utf-8",
    (
        ("Builder-Version", "1"),
        ("Cache-Control", "no-cache, no-store, must-revalidate"),
        ("Pragma", "no-cache"),
        ("Swarm", "inactive"),
    ),
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
        return _PONG

    async def version(self, call: Call) -> Reply:
        return json_reply(self._system.version())

    async def info(self, call: Call) -> Reply:
        return json_reply(shape_info(self._system.info(), call.version))
