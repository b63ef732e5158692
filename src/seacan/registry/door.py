"""From a request to the function of routes/ that answers it, if the client may ask that.

/v2/NAME/blobs/DIGEST and its like: a name has slashes, and may have parts called `blobs` or
`manifests`, so the last of these in a path is what counts.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final
from urllib.parse import parse_qs, unquote

import msgspec

from seacan.http.messages import Answer, Reply, Request, Stream
from seacan.registry import names
from seacan.registry.access import CATALOG, PULL, Access, Authority, Scope
from seacan.registry.errors import FAILURES, Refused, as_refused

API_VERSION: Final = ("Docker-Distribution-Api-Version", "registry/2.0")
_MAX_FIELDS: Final = 200
_PATHS: Final = (
    ("uploads", r"/v2/(.+)/blobs/uploads/?()"),
    ("upload", r"/v2/(.+)/blobs/uploads/([^/]+)"),
    ("blob", r"/v2/(.+)/blobs/([^/]+)"),
    ("manifest", r"/v2/(.+)/manifests/([^/]+)"),
    ("tags", r"/v2/(.+)/tags/list()"),
    ("referrers", r"/v2/(.+)/referrers/([^/]+)"),
    ("catalog", r"/v2/(_catalog)()"),
    ("base", r"/v2(/?)()"),
)
_RESOURCES: Final = [(name, re.compile(path, re.DOTALL)) for name, path in _PATHS]


class Query:
    """The query string. Raises Refused if it has too many fields."""

    def __init__(self, text: str) -> None:
        try:
            self._values = parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError as err:
            raise Refused("UNSUPPORTED", f"malformed query: {err}", status=400) from err

    def text(self, name: str) -> str:
        """Return the first value, "" without one."""
        return self._values.get(name, [""])[0]

    def texts(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def count(self, name: str, most: int) -> int:
        """Return a number of things wanted, `most` without one or beyond. Raises Refused."""
        text = self.text(name)
        if not text:
            return most
        if not re.fullmatch("[0-9]{1,18}", text):
            raise Refused("UNSUPPORTED", f"invalid {name}: {text[:100]!r}", status=400)
        return min(int(text), most)


class Call(msgspec.Struct, frozen=True):
    """A request as a route sees it: names in it are checked, the client may ask it."""

    request: Request
    repository: str
    reference: str  # a digest, a tag, an upload's id
    query: Query
    access: Access


class Route(msgspec.Struct, frozen=True):
    """`action`: what the client has to be allowed in the repository."""

    resource: str
    methods: Sequence[str]
    action: str
    handler: Callable[[Call], Awaitable[Answer]]


class Door:
    """The Application of the transport."""

    def __init__(
        self,
        routes: Iterable[Route],
        authority: Authority,
        count: Callable[[str, str, int], None],
    ) -> None:
        """`count` is told resource, method and status of each answer."""
        self._routes = {
            (route.resource, method): route for route in routes for method in route.methods
        }
        self._authority = authority
        self._count = count

    async def __call__(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        resource, repository, reference = _split(unquote(path))
        try:
            answer = await self._answer(request, resource, repository, reference, query)
        except FAILURES as err:
            answer = as_refused(err).reply()
        status = answer.status if isinstance(answer, Reply | Stream) else 101
        self._count(resource, request.method, status)
        return answer

    async def _answer(
        self, request: Request, resource: str, repository: str, reference: str, query: str
    ) -> Answer:
        route = self._route(resource, request.method)
        access = await self._authority.identify(request)
        if resource not in ("base", "catalog"):
            names.check_repository(repository)
        call = Call(request, repository, reference, Query(query), access)
        scopes = _scopes(resource, call, route.action)
        if not (access.may(scopes[0]) if scopes else access.is_known):
            raise self._authority.refusal(request, access, scopes)
        return await route.handler(call)

    def _route(self, resource: str, method: str) -> Route:
        if route := self._routes.get((resource, method)):
            return route
        allowed = sorted(m for r, m in self._routes if r == resource)
        if not allowed:
            raise Refused("UNSUPPORTED", "there is nothing at this path", status=404)
        raise Refused(
            "UNSUPPORTED",
            f"{method} is not supported here",
            headers=[("Allow", ", ".join(allowed))],
        )


def _split(path: str) -> tuple[str, str, str]:
    """Return which resource `path` names, of which repository, by which reference."""
    for resource, pattern in _RESOURCES:
        if match := pattern.fullmatch(path):
            return resource, match[1], match[2]
    return "", "", ""


def _scopes(resource: str, call: Call, action: str) -> list[Scope]:
    """Return what a client has to be allowed, and then what it will want along with that."""
    if resource == "base":
        return []
    if resource == "catalog":
        return [CATALOG]
    actions = (action,) if action == PULL else (action, PULL)
    scopes = [Scope(call.repository, wanted) for wanted in actions]
    if source := call.query.text("from"):
        scopes.append(Scope(names.check_repository(source), PULL))
    return scopes
