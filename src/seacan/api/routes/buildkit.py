"""POST /grpc and /session, BuildKit's protocol, on connections that become HTTP/2; /build/cancel.

All of it is imported when the first client comes: most daemons see none.
"""

import socket
from typing import TYPE_CHECKING

from seacan.api import engine
from seacan.api.door import Call, Route
from seacan.errors import InvalidArgument
from seacan.http.messages import Hijack, Reply, Stream

if TYPE_CHECKING:
    from seacan.api.buildkit.services import Services

_HEAD = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


class BuildKitRoutes:
    def __init__(self, engine: engine.Engine) -> None:
        self._engine = engine
        self._services: Services | None = None

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/grpc", self.grpc),
            Route("POST", "/session", self.session),
            Route("POST", "/build/cancel", self.cancel),
        ]

    async def build(self, call: Call) -> Stream | Reply:
        """Answer `POST /build` with version=2."""
        return await self._loaded().endpoint.build(call)

    async def cancel(self, call: Call) -> Reply:
        return await self._loaded().endpoint.cancel(call)

    async def grpc(self, call: Call) -> Hijack:
        _check_upgrade(call)
        return Hijack(_HEAD, self._loaded().serve)

    async def session(self, call: Call) -> Hijack:
        _check_upgrade(call)
        headers = call.request.headers
        session_id = headers.get("x-docker-expose-session-uuid", "")
        shared_key = headers.get("x-docker-expose-session-sharedkey", "")
        sessions = self._loaded().sessions
        sessions.check(session_id)

        async def begin(connection: socket.socket, early: bytes) -> None:
            await sessions.serve(session_id, shared_key, connection, early)

        return Hijack(_HEAD, begin)

    def _loaded(self) -> "Services":
        if self._services is None:
            from seacan.api.buildkit.services import Services

            self._services = Services(self._engine)
        return self._services


def _check_upgrade(call: Call) -> None:
    """Raise InvalidArgument unless the client wants what these paths are for."""
    headers = call.request.headers
    connection = [word.strip().lower() for word in headers.get("connection", "").split(",")]
    if "upgrade" not in connection or headers.get("upgrade", "").lower() != "h2c":
        raise InvalidArgument(f"{call.request.target}: an upgrade to h2c is wanted")
