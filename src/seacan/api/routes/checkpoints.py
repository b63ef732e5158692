"""Checkpoints of containers, which a dockerd in experimental mode has: there are none.

To remove one is to look for a container of that path, in vain.
"""

from typing import NoReturn

from seacan.api.door import Call, Route
from seacan.errors import Unsupported


def routes() -> list[Route]:
    return [
        Route("GET", "/containers/{name}/checkpoints", _refuse),
        Route("POST", "/containers/{name}/checkpoints", _refuse),
    ]


async def _refuse(call: Call) -> NoReturn:
    raise Unsupported("not supported: checkpoints; seacan-runtime makes them of its own containers")
