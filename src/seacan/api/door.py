"""From a request's path and version to the function of routes/ that answers it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from seacan.api.bodies import read_json
from seacan.api.query import Query
from seacan.api.versions import TooOld, Version, parse_version, split_version
from seacan.http.errors import message_reply
from seacan.http.messages import Answer, Reply, Request

T = TypeVar("T")


class Call(msgspec.Struct, frozen=True):
    """A request as a route sees it."""

    request: Request
    version: Version
    name: str  # what stands for {name} in the route's path
    query: Query
    label: str = ""  # KEY=VALUE: the client knows of containers that have it alone

    async def json(self, decoder: msgspec.json.Decoder[T]) -> T | None:
        """Return the JSON body, None if there is none. Raises InvalidArgument."""
        return await read_json(self.request, decoder)


Handler = Callable[[Call], Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True):
    """`path` may have one `{name}`, which matches one character or more, slashes too."""

    method: str
    path: str
    handler: Handler

    def match(self, path: str) -> str | None:
        """Return what {name} stands for in `path`; None if it does not match."""
        before, _, after = self.path.partition("{name}")
        if not (path.startswith(before) and path.endswith(after)):
            return None
        return path[len(before) : len(path) - len(after)] or None


class Door:
    """The Application of the transport. Of several routes that match, the first given counts."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[tuple[str, str], Handler] = {}
        self._named: dict[tuple[str, str], list[Route]] = {}
        for route in routes:
            if "{name}" in route.path:
                key = (route.method, _first_part(route.path))
                self._named.setdefault(key, []).append(route)
            else:
                self._exact[route.method, route.path] = route.handler

    async def __call__(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        wanted, path = split_version(unquote(without_origin(path)))
        found = self._find(request.method, path)
        # A wrong method is no 405: dockerd says the same of both, and clients know it so.
        if found is None:
            return message_reply(404, "page not found")
        handler, name = found
        try:
            version = parse_version(wanted)
        except TooOld as err:
            return Reply(400, f"{err}\n".encode(), "text/plain; charset=utf-8")
        return await handler(Call(request, version, name, Query(query)))

    def _find(self, method: str, path: str) -> tuple[Handler, str] | None:
        if exact := self._exact.get((method, path)):
            return exact, ""
        for route in self._named.get((method, _first_part(path)), ()):
            if name := route.match(path):
                return route.handler, name
        return None


def without_origin(path: str) -> str:
    """Return a request's target in the form that it has for a server."""
    # The absolute form, `GET http://host/path`, is for proxies, but every server accepts it.
    if path.startswith("http://"):
        return "/" + path.removeprefix("http://").partition("/")[2]
    return path


def _first_part(path: str) -> str:
    return path[1:].partition("/")[0]


def json_reply(value: object, status: int = 200) -> Reply:
    """Return `value` as JSON, ended by a line feed as Go's encoder does."""
    return Reply(status, msgspec.json.encode(value) + b"\n", "application/json")
