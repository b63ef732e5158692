"""Attach over a WebSocket: GET /containers/{id}/attach/ws.

Source: RFC 6455, section 4; Engine API.
"""

import base64
import binascii
import hashlib
from typing import Final
from urllib.parse import urlsplit

from seacan.api import engine
from seacan.api.door import Call, Route
from seacan.errors import Forbidden, InvalidArgument
from seacan.http.messages import Hijack

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BINARY_SINCE: Final = (1, 28)
_STREAMS_CHOSEN_SINCE: Final = (1, 42)


class WebSocketRoutes:
    def __init__(self, streams: engine.Streams) -> None:
        self._streams = streams

    def routes(self) -> list[Route]:
        return [Route("GET", "/containers/{name}/attach/ws", self.attach)]

    async def attach(self, call: Call) -> Hijack:
        query, is_chosen = call.query, call.version >= _STREAMS_CHOSEN_SINCE
        attachment = await self._streams.prepare_attach(
            call.name,
            stdin=not is_chosen or query.flag("stdin"),
            stdout=not is_chosen or query.flag("stdout"),
            stderr=not is_chosen or query.flag("stderr"),
            stream=query.flag("stream"),
            logs=query.flag("logs"),
            detach_keys=query.optional("detachKeys"),
            websocket="binary" if call.version >= _BINARY_SINCE else "text",
        )
        return Hijack(_head(call.request.headers), attachment.begin)


def _head(headers: dict[str, str]) -> bytes:
    """Return the head that agrees. Raises InvalidArgument, Forbidden."""
    _check(headers)
    digest = hashlib.sha1(f"{headers['sec-websocket-key'].strip()}{_GUID}".encode()).digest()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
    ]
    # A client that names one protocol ends the connection unless it is agreed on.
    protocol = headers.get("sec-websocket-protocol", "").strip()
    if protocol and "," not in protocol:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _check(headers: dict[str, str]) -> None:
    connection = [word.strip().lower() for word in headers.get("connection", "").split(",")]
    if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in connection:
        raise InvalidArgument("not websocket protocol")
    if headers.get("sec-websocket-version", "").strip() != "13":
        raise InvalidArgument("missing or bad WebSocket Version")
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", "").strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 16:
        raise InvalidArgument("missing or bad WebSocket-Key")
    _check_origin(headers)


def _check_origin(headers: dict[str, str]) -> None:
    """Refuse a page of another site: browsers let any page open a WebSocket to any host."""
    origin = headers.get("origin")
    if origin is None:
        return  # no browser
    try:
        found = urlsplit(origin).netloc.lower()
    except ValueError:
        found = ""
    if not found or found != headers.get("host", "").strip().lower():
        raise Forbidden(f"WebSocket of another origin: {origin}")
