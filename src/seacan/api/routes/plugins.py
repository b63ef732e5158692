"""Managed plugins: there are none, and none can be installed."""

from typing import Final, NoReturn

from seacan.api.door import Call, Route, json_reply
from seacan.api.query import check_filters
from seacan.errors import NotFound, Unsupported
from seacan.http.messages import Reply

_FILTERS: Final = frozenset({"enabled", "capability"})


def routes() -> list[Route]:
    return [
        Route("GET", "/plugins", _list),
        Route("GET", "/plugins/privileges", _refuse),
        Route("POST", "/plugins/pull", _refuse),
        Route("POST", "/plugins/create", _refuse),
        Route("GET", "/plugins/{name}/json", _find),
        Route("POST", "/plugins/{name}/enable", _find),
        Route("POST", "/plugins/{name}/disable", _find),
        Route("POST", "/plugins/{name}/upgrade", _find),
        Route("POST", "/plugins/{name}/push", _find),
        Route("POST", "/plugins/{name}/set", _find),
        Route("DELETE", "/plugins/{name}", _find),
    ]


async def _list(call: Call) -> Reply:
    check_filters(call.query.filters(), _FILTERS)
    return json_reply([])


async def _find(call: Call) -> NoReturn:
    raise NotFound(f'plugin "{call.name}" not found')


async def _refuse(call: Call) -> NoReturn:
    raise Unsupported("not supported: plugins")
