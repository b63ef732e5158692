"""Requests and answers as authorization plugins are told of them; nothing goes past these.

What a plugin is shown of a body is what the engine gets of it: it is read whole, before anybody is
asked, and then handed on (CVE-2024-41110: a body that the plugin was not shown). JSON that is
longer than any route takes is refused. Of a stream, and of a connection that is given away, the
head is judged, before anything of it leaves.
"""

import base64
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote

from msgspec.structs import replace

from seacan.api.bodies import JSON, LIMIT_BYTES, media_type
from seacan.api.door import without_origin
from seacan.errors import Forbidden
from seacan.http.errors import error_reply
from seacan.http.heads import BadRequest
from seacan.http.messages import Answer, Application, Hijack, Reply, Request, Stream
from seacan.http.streams import ClientGone

# Credentials are nothing for plugins. Source: moby, pkg/authorization, headers and isAuthEndpoint.
_SECRET: Final = frozenset(("authorization", "x-registry-auth", "x-registry-config"))
_UNESCAPED: Final = "/:@!$&'()*+,;=~"  # beside letters and digits, of a path: RFC 3986
_LOGIN: Final = re.compile(r"/(v\d[\d.]*/)?auth")


class Judge(Protocol):
    @property
    def names(self) -> Sequence[str]:
        """Return whom it asks; nobody, and all is allowed."""

    async def allow_request(self, described: Mapping[str, Any]) -> None: ...

    async def allow_answer(self, described: Mapping[str, Any]) -> None: ...


class Authorized:
    """An Application: what `behind` answers to what `judge` allows."""

    def __init__(self, behind: Application, judge: Judge) -> None:
        self._behind = behind
        self._judge = judge

    async def __call__(self, request: Request) -> Answer:
        if not self._judge.names:
            return await self._behind(request)
        described = _described(request)
        if _is_shown(described["RequestUri"], request.headers.get("content-type", "")):
            body = await _read(request)
            request = replace(request, receive=_once(body))
            described |= {"RequestBody": _encoded(body)} if body else {}
        await self._judge.allow_request(described)
        answer = await self._answer(request)
        await self._judge.allow_answer(
            {**described, **_described_answer(described["RequestUri"], answer)}
        )
        return answer

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._behind(request)
        except (ClientGone, BadRequest):
            raise
        except Exception as err:  # what the client would be told
            return error_reply(err)


def _described(request: Request) -> dict[str, Any]:
    """Return what the protocol tells of a request. Source: moby, pkg/authorization/api.go."""
    described: dict[str, Any] = {
        "RequestMethod": request.method,
        "RequestUri": _as_served(request.target),
        "RequestHeaders": {
            _go_case(name): value for name, value in request.headers.items() if name not in _SECRET
        },
    }
    if (client := request.certificate) is not None:
        described["User"], described["UserAuthNMethod"] = client.common_name, "TLS"
        described["RequestPeerCertificates"] = [_encoded(client.pem.encode())]
    return described


def _as_served(target: str) -> str:
    """Return a target with its path as routes see it: whoever judges it looks at the path.

    Not as a proxy would have it, http://HOST/PATH, nor with letters in it escaped: /%67rpc is
    /grpc, and x%2Fexec is x/exec.
    """
    path, mark, query = target.partition("?")
    return quote(unquote(without_origin(path)), safe=_UNESCAPED) + mark + query


def _described_answer(target: str, answer: Answer) -> dict[str, Any]:
    match answer:
        case Hijack():
            status = int(answer.head.split(b" ", 2)[1])
            return {"ResponseStatusCode": status, "ResponseHeaders": {}}
        case Reply() | Stream():
            headers = {_go_case(name): value for name, value in answer.headers}
            if answer.content_type:
                headers["Content-Type"] = answer.content_type
    described = {"ResponseStatusCode": answer.status, "ResponseHeaders": headers}
    if isinstance(answer, Reply) and answer.body and _is_shown(target, answer.content_type):
        described["ResponseBody"] = _encoded(answer.body)
    return described


def _is_shown(target: str, content_type: str) -> bool:
    """Tell whether a body is for plugins: JSON, which is all that routes act upon."""
    return media_type(content_type) == JSON and not _LOGIN.match(target)


async def _read(request: Request) -> bytes:
    body = bytearray()
    while piece := await request.receive():
        body += piece
        if len(body) > LIMIT_BYTES:
            raise Forbidden(
                f"request body too large for authorization plugin: size exceeds {LIMIT_BYTES} bytes"
            )
    return bytes(body)


def _once(body: bytes) -> Callable[[], Coroutine[Any, Any, bytes]]:
    pieces = [body] if body else []

    async def receive() -> bytes:
        return pieces.pop() if pieces else b""

    return receive


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _go_case(name: str) -> str:
    """Return the name of a header as Go has it: Content-Type."""
    return "-".join(part.capitalize() for part in name.split("-"))
