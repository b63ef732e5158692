"""Named volumes: there are none yet, and none can be made."""

from typing import Final, NoReturn

from seacan.api.door import Call, Route, json_reply
from seacan.api.query import check_filters
from seacan.errors import NotFound, Unsupported
from seacan.http.messages import Reply

_FILTERS: Final = frozenset({"dangling", "name", "driver", "label"})


def routes() -> list[Route]:
    return [
        Route("GET", "/volumes", _list),
        Route("POST", "/volumes/create", _create),
        Route("GET", "/volumes/{name}", _find),
        Route("PUT", "/volumes/{name}", _find),
        Route("DELETE", "/volumes/{name}", _find),
    ]


async def _list(call: Call) -> Reply:
    check_filters(call.query.filters(), _FILTERS)
    return json_reply({"Volumes": [], "Warnings": None})


async def _find(call: Call) -> NoReturn:
    raise NotFound(f"get {call.name}: no such volume")


async def _create(call: Call) -> NoReturn:
    raise Unsupported("not supported: volumes")
