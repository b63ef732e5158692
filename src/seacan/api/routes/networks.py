"""The networks that there are; making others, and joining them later, is refused."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.query import check_filters
from seacan.api.shapes.networks import shape_network
from seacan.engine.networks import Network
from seacan.errors import Forbidden, Internal, NotFound, Unsupported
from seacan.http.messages import Reply

_FILTERS: Final = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})
_TYPES: Final = ("builtin", "custom")


class NetworkRoutes:
    def __init__(self, networks: engine.Networks, containers: engine.Containers) -> None:
        self._networks = networks
        self._containers = containers

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/networks", self.list),
            Route("POST", "/networks/create", self.refuse),
            Route("POST", "/networks/prune", self.prune),
            Route("POST", "/networks/{name}/connect", self.refuse),
            Route("POST", "/networks/{name}/disconnect", self.refuse),
            Route("GET", "/networks/{name}", self.inspect),
            Route("DELETE", "/networks/{name}", self.remove),
        ]

    async def list(self, call: Call) -> Reply:
        filters = call.query.filters()
        check_filters(filters, _FILTERS)
        tests = [_test(name, values) for name, values in filters.items() if values]
        found = [n for n in self._networks.list() if all(test(n) for test in tests)]
        # Newer clients ask for one network to learn what is in it.
        is_full = call.version < (1, 28)
        return json_reply([self._shape(n) if is_full else shape_network(n, ()) for n in found])

    async def inspect(self, call: Call) -> Reply:
        call.query.boolean("verbose")
        if call.query.text("scope") not in ("", "local"):
            raise NotFound(f"network {call.name} not found")
        return json_reply(self._shape(self._networks.get(call.name)))

    async def remove(self, call: Call) -> NoReturn:
        name = self._networks.get(call.name).name
        raise Forbidden(f"{name} is a pre-defined network and cannot be removed")

    async def prune(self, call: Call) -> Reply:
        check_filters(call.query.filters(), frozenset({"label", "label!", "until"}))
        return json_reply({"NetworksDeleted": None})

    async def refuse(self, call: Call) -> NoReturn:
        raise Unsupported("not supported: networks other than none and host")

    def _shape(self, network: Network) -> dict[str, Any]:
        inside = [
            record
            for record in self._containers.all_records()
            if record.is_running and self._networks.of(record) is network
        ]
        return shape_network(network, inside)


def _test(name: str, values: Sequence[str]) -> Callable[[Network], bool]:
    match name:
        case "driver":
            return lambda network: network.driver in values
        case "scope":
            return lambda network: "local" in values
        case "id":
            return lambda network: any(value in network.id for value in values)
        case "name":
            return lambda network: any(value in network.name for value in values)
        case "type":
            for value in values:
                if value not in _TYPES:
                    raise Internal(f"invalid filter: 'type'='{value}'")
            return lambda network: "builtin" in values
        case "dangling":  # those that come with the daemon never are
            return lambda network: values[0] in ("0", "false")
    return lambda network: False  # label: they have none
