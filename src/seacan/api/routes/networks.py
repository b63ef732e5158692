"""Networks, under /networks."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.query import check_filters
from seacan.api.shapes.networks import shape_network
from seacan.api.shapes.times import seconds_since_epoch
from seacan.engine.prune import moment_ns
from seacan.errors import Internal, InvalidArgument, NotFound
from seacan.http.messages import Reply
from seacan.network.definition import Network
from seacan.spec.engine_api import NetworkConnect, NetworkCreate, NetworkDisconnect

_FILTERS: Final = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})
_PRUNE_FILTERS: Final = frozenset({"label", "label!", "until"})
_TYPES: Final = ("builtin", "custom")
_CREATE: Final = msgspec.json.Decoder(NetworkCreate)
_CONNECT: Final = msgspec.json.Decoder(NetworkConnect)
_DISCONNECT: Final = msgspec.json.Decoder(NetworkDisconnect)


class NetworkRoutes:
    def __init__(self, networks: engine.Networks, containers: engine.Containers) -> None:
        self._networks = networks
        self._containers = containers

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/networks", self.list),
            Route("POST", "/networks/create", self.create),
            Route("POST", "/networks/prune", self.prune),
            Route("POST", "/networks/{name}/connect", self.connect),
            Route("POST", "/networks/{name}/disconnect", self.disconnect),
            Route("GET", "/networks/{name}", self.inspect),
            Route("DELETE", "/networks/{name}", self.remove),
        ]

    async def list(self, call: Call) -> Reply:
        filters = call.query.filters()
        check_filters(filters, _FILTERS)
        used = {
            endpoint.network
            for record in self._containers.all_records()
            for endpoint in (record.sandbox.endpoints if record.sandbox else ())
        }
        tests = [_test(name, values, used) for name, values in filters.items() if values]
        found = [n for n in self._networks.list() if all(test(n) for test in tests)]
        # Newer clients ask for one network to learn what is in it.
        is_full = call.version < (1, 28)
        return json_reply([self._shape(n) if is_full else shape_network(n, ()) for n in found])

    async def inspect(self, call: Call) -> Reply:
        call.query.boolean("verbose")
        if call.query.text("scope") not in ("", "local"):
            raise NotFound(f"network {call.name} not found")
        return json_reply(self._shape(self._networks.get(call.name)))

    async def create(self, call: Call) -> Reply:
        network = await self._networks.create(await call.json(_CREATE) or NetworkCreate())
        return json_reply({"Id": network.id, "Warning": ""}, 201)

    async def remove(self, call: Call) -> Reply:
        await self._networks.remove(call.name)
        return Reply(204)

    async def prune(self, call: Call) -> Reply:
        filters = call.query.filters()
        check_filters(filters, _PRUNE_FILTERS)
        pruned = await self._networks.prune(_prunable(filters))
        return json_reply({"NetworksDeleted": pruned or None})

    async def connect(self, call: Call) -> Reply:
        request = await call.json(_CONNECT) or NetworkConnect()
        settings = request.get("EndpointConfig") or {}
        await self._containers.connect(request.get("Container") or "", call.name, settings)
        return Reply(200)

    async def disconnect(self, call: Call) -> Reply:
        request = await call.json(_DISCONNECT) or NetworkDisconnect()
        reference, force = request.get("Container") or "", bool(request.get("Force"))
        try:
            await self._containers.disconnect(reference, call.name)
        except NotFound:
            if force:
                raise NotFound(f"endpoint {reference} not found") from None
            raise
        return Reply(200)

    def _shape(self, network: Network) -> dict[str, Any]:
        inside = [record for record in self._containers.all_records() if record.is_running]
        return shape_network(network, inside)


def _test(name: str, values: Sequence[str], used: set[str]) -> Callable[[Network], bool]:
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
            return lambda network: ("builtin" if network.is_predefined else "custom") in values
        case "dangling":
            return lambda network: _is_dangling(network, used) == _is_true(values[0])
    return lambda network: _has_labels(network, values)


def _is_dangling(network: Network, used: set[str]) -> bool:
    return not network.is_predefined and network.name not in used


def _is_true(value: str) -> bool:
    if value not in ("0", "1", "false", "true"):
        raise InvalidArgument(f"invalid filter 'dangling={value}'")
    return value in ("1", "true")


def _has_labels(network: Network, wanted: Sequence[str]) -> bool:
    """Tell whether a network has each label of `wanted`: NAME, or NAME=VALUE."""
    for label in wanted:
        name, equals, value = label.partition("=")
        if name not in network.labels or (equals and network.labels[name] != value):
            return False
    return True


def _prunable(filters: dict[str, list[str]]) -> Callable[[Network], bool]:
    until = filters.get("until") or []
    if len(until) > 1:
        raise InvalidArgument("more than one until filter specified")
    latest_s = moment_ns(until[0], time.time_ns()) / 1e9 if until else float("inf")
    without = filters.get("label!") or []

    def is_wanted(network: Network) -> bool:
        return (
            seconds_since_epoch(network.created_at) <= latest_s
            and _has_labels(network, filters.get("label") or [])
            and not (without and _has_labels(network, without))
        )

    return is_wanted
