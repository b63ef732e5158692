"""Networks, under /networks."""

import time
from typing import Any, Final

import msgspec

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes.networks import shape_network
from seacan.engine.networks import filters as network_filters
from seacan.errors import NotFound
from seacan.http.messages import Reply
from seacan.network.definition import Network
from seacan.spec.engine_api import NetworkConnect, NetworkCreate, NetworkDisconnect

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
            Route("GET", "/networks/", self.list),  # as dockerd has it
            Route("POST", "/networks/create", self.create),
            Route("POST", "/networks/prune", self.prune),
            Route("POST", "/networks/{name}/connect", self.connect),
            Route("POST", "/networks/{name}/disconnect", self.disconnect),
            Route("GET", "/networks/{name}", self.inspect),
            Route("DELETE", "/networks/{name}", self.remove),
        ]

    async def list(self, call: Call) -> Reply:
        used = {
            endpoint.network
            for record in self._containers.all_records()
            for endpoint in (record.sandbox.endpoints if record.sandbox else ())
        }
        found = network_filters.select(self._networks.list(), call.query.filters(), used)
        # Newer clients ask for one network to learn what is in it.
        is_full = call.version < (1, 28)
        return json_reply([self._shape(n) if is_full else shape_network(n, ()) for n in found])

    async def inspect(self, call: Call) -> Reply:
        call.query.boolean("verbose")
        if call.query.text("scope") not in ("", "local"):
            raise NotFound(f"network {call.name} not found")
        return json_reply(self._shape(self._networks.get(call.name)))

    async def create(self, call: Call) -> Reply:
        request = await call.json(_CREATE) or NetworkCreate()
        if call.version < (1, 48):
            request["EnableIPv4"] = None  # was not read
        network = await self._networks.create(request)
        return json_reply({"Id": network.id, "Warning": ""}, 201)

    async def remove(self, call: Call) -> Reply:
        await self._networks.remove(call.name)
        return Reply(204)

    async def prune(self, call: Call) -> Reply:
        is_prunable = network_filters.prunable(call.query.filters(), time.time_ns())
        pruned = await self._networks.prune(is_prunable)
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
