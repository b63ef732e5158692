"""Swarm and all that is in one, as a daemon that is in none answers: so that clients go on."""

from typing import Final, NoReturn

from seacan.api.door import Call, Handler, Route
from seacan.errors import Unavailable, Unsupported

# Clients match these two.
NO_MANAGER: Final = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" '
    "to connect this node to swarm and try again."
)
_NO_MEMBER: Final = "This node is not part of a swarm"

_NEEDS_MANAGER: Final = (
    ("GET", "/swarm"),
    ("GET", "/swarm/unlockkey"),
    ("POST", "/swarm/unlock"),
    ("POST", "/swarm/update"),
    ("GET", "/nodes"),
    ("GET", "/nodes/{name}"),
    ("POST", "/nodes/{name}/update"),
    ("DELETE", "/nodes/{name}"),
    ("GET", "/services"),
    ("GET", "/services/{name}"),
    ("GET", "/services/{name}/logs"),
    ("POST", "/services/create"),
    ("POST", "/services/{name}/update"),
    ("DELETE", "/services/{name}"),
    ("GET", "/tasks"),
    ("GET", "/tasks/{name}"),
    ("GET", "/tasks/{name}/logs"),
    ("GET", "/secrets"),
    ("GET", "/secrets/{name}"),
    ("POST", "/secrets/create"),
    ("POST", "/secrets/{name}/update"),
    ("DELETE", "/secrets/{name}"),
    ("GET", "/configs"),
    ("GET", "/configs/{name}"),
    ("POST", "/configs/create"),
    ("POST", "/configs/{name}/update"),
    ("DELETE", "/configs/{name}"),
)


def routes() -> list[Route]:
    refuse = _refuse(Unavailable(NO_MANAGER))
    return [
        *[Route(method, path, refuse) for method, path in _NEEDS_MANAGER],
        Route("POST", "/swarm/leave", _refuse(Unavailable(_NO_MEMBER))),
        Route("POST", "/swarm/init", _refuse(Unsupported("not supported: swarm"))),
        Route("POST", "/swarm/join", _refuse(Unsupported("not supported: swarm"))),
    ]


def _refuse(error: Unavailable | Unsupported) -> Handler:
    async def refuse(call: Call) -> NoReturn:
        raise type(error)(str(error))

    return refuse
