"""What Docker's Engine API has and seacan does not: refused by name, and not as `page not found`.

A resource that gets its routes leaves this table.
"""

from typing import Final, NoReturn

from seacan.api.door import Call, Handler, Route
from seacan.errors import Unsupported

_ABSENT: Final = (("POST", "/build", "build"),)


def routes() -> list[Route]:
    return [Route(method, path, _refuse(what)) for method, path, what in _ABSENT]


def _refuse(what: str) -> Handler:
    async def refuse(call: Call) -> NoReturn:
        raise Unsupported(f"not supported: {what}")

    return refuse
