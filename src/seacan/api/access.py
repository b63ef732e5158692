"""Listeners that serve a part of the API: what a client there may ask, route by route.

    unix:///PATH?access=read                         lists and inspects, nothing that changes
    unix:///PATH?access=containers:label=KEY=VALUE   containers that have the label, and no other:
                                                     seen, started, stopped, waited for

A route is served if it is named here: all others, also those that are yet to come, answer 403. What
can be read tells secrets, too: an inspected container has its environment. None of it makes or
enters a container, which would be a way to root.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from seacan.api.door import Call, Handler, Route
from seacan.engine.containers.container import Container
from seacan.engine.containers.filters import has_labels
from seacan.errors import Forbidden, InvalidArgument, NotFound, SeacanError
from seacan.http.messages import Answer

_READ: Final = "read"
_CONTAINERS: Final = "containers:label="
_TO_ALL: Final = frozenset((("GET", "/_ping"), ("HEAD", "/_ping"), ("GET", "/version")))
READABLE: Final = _TO_ALL | frozenset(
    ("GET", path)
    for path in (
        *("/info", "/events", "/system/df"),
        *("/containers/json", "/containers/{name}/json"),
        *("/images/json", "/images/{name}/json", "/images/{name}/history"),
        *("/networks", "/networks/", "/networks/{name}", "/volumes", "/volumes/{name}"),
    )
)
_LISTED: Final = ("GET", "/containers/json")
OF_CONTAINERS: Final = frozenset(
    (
        *(("GET", f"/containers/{{name}}/{verb}") for verb in ("json", "top", "logs", "stats")),
        *(
            ("POST", f"/containers/{{name}}/{verb}")
            for verb in ("start", "stop", "restart", "kill", "pause", "unpause", "wait")
        ),
    )
)
# Others look at containers that the client may not know of.
_FILTERS: Final = frozenset(("label", "status", "name", "id", "exited", "health"))


class Access(msgspec.Struct, frozen=True):
    """`label` is KEY=VALUE, for a part of the containers alone."""

    kind: str = ""  # all of the API
    label: str = ""


ALL: Final = Access()


class Containers(Protocol):
    def all_records(self) -> Sequence[Container]: ...


def parse_access(text: str) -> Access:
    """Return what `access=…` behind a listener's path asks for. Raises InvalidArgument."""
    name, equals, value = text.partition("=")
    if name != "access" or not equals:
        raise InvalidArgument(f"{text!r}: only access=read or access=containers:label=KEY=VALUE")
    if value == _READ:
        return Access(_READ)
    label = value.removeprefix(_CONTAINERS)
    if label != value and all(label.partition("=")):
        return Access(_CONTAINERS, label)
    raise InvalidArgument(f"access={value}: it is read or containers:label=KEY=VALUE")


def scoped(routes: Iterable[Route], access: Access, containers: Containers) -> list[Route]:
    """Return `routes` in their order, each as far as `access` lets clients have it."""
    if access == ALL:
        return list(routes)
    return [replace(route, handler=_handler(route, access, containers)) for route in routes]


def _handler(route: Route, access: Access, containers: Containers) -> Handler:
    key = (route.method, route.path)
    if key in _TO_ALL or (access.kind == _READ and key in READABLE):
        return route.handler
    if access.kind == _CONTAINERS:
        if key == _LISTED:
            return _listing(route.handler, access.label)
        if key in OF_CONTAINERS:
            return _of_one(route.handler, access.label, containers)
    return _refusal(f"{route.method} {route.path} is not served on this socket")


def _refusal(text: str) -> Handler:
    async def refuse(call: Call) -> Answer:
        raise Forbidden(text)

    return refuse


def _listing(handler: Handler, label: str) -> Handler:
    async def answer(call: Call) -> Answer:
        filters = call.query.filters()
        others = filters.keys() - _FILTERS | {n for n in ("since", "before") if n in call.query}
        if others:
            raise Forbidden(f"filter {min(others)} is not served on this socket")
        return await handler(replace(call, label=label))

    return answer


def _of_one(handler: Handler, label: str, containers: Containers) -> Handler:
    async def answer(call: Call) -> Answer:
        known = [each for each in containers.all_records() if has_labels(each, [label])]
        # By its id from here on: a name may be another's by the time that it is looked up again.
        mine = replace(call, name=_found(call.name, known).id, label=label)
        try:
            return await handler(mine)
        except SeacanError as err:
            raise type(err)(str(err)) from err

    return answer


def _found(ref: str, known: Sequence[Container]) -> Container:
    """Return the container of `known` by id, name, or a start of its id that none there shares.

    What others are called, and how their ids begin, changes nothing in the answer.
    """
    exact = [each for each in known if ref == each.id or ref.removeprefix("/") == each.name]
    found = exact or [each for each in known if each.id.startswith(ref)]
    if not found:
        raise NotFound(f"No such container: {ref}")
    if len(found) > 1:
        raise InvalidArgument(f"multiple IDs found with provided prefix: {ref}")
    return found[0]
