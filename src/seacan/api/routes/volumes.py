"""Volumes, under /volumes."""

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar, TypeVarTuple

import anyio
import msgspec

from seacan.api import engine_volumes
from seacan.api.door import Call, Route, json_reply
from seacan.api.routes.swarm import NO_MANAGER
from seacan.api.shapes.volumes import shape_volume
from seacan.errors import Unavailable
from seacan.http.messages import Reply
from seacan.spec.engine_api import VolumeCreate

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_CREATE: Final = msgspec.json.Decoder(VolumeCreate)
# A plugin may be silent for minutes: who waits for one takes none of the threads that all share.
_AT_ONCE: Final = 16
_ALL_SINCE: Final = (1, 42)  # before, a prune took volumes with a name as well


class VolumeRoutes:
    def __init__(self, volumes: engine_volumes.Volumes) -> None:
        self._volumes = volumes
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/volumes", self.list),
            Route("POST", "/volumes/create", self.create),
            Route("POST", "/volumes/prune", self.prune),
            Route("GET", "/volumes/{name}", self.inspect),
            Route("PUT", "/volumes/{name}", self.update),
            Route("DELETE", "/volumes/{name}", self.remove),
        ]

    async def list(self, call: Call) -> Reply:
        wanted = call.query.filters()
        found, warnings = await self._asked(self._volumes.list, wanted)
        shown = [shape_volume(one) for one in found]
        return json_reply({"Volumes": shown, "Warnings": [*warnings] or None})

    async def inspect(self, call: Call) -> Reply:
        found = await self._asked(self._volumes.get, call.name)
        return json_reply(shape_volume(found))

    async def create(self, call: Call) -> Reply:
        request = await call.json(_CREATE) or VolumeCreate()
        if request.get("ClusterVolumeSpec") is not None:
            raise Unavailable(NO_MANAGER)
        found = await self._asked(
            self._volumes.create,
            request.get("Name") or "",
            request.get("Driver") or "",
            request.get("DriverOpts"),
            request.get("Labels"),
        )
        return json_reply(shape_volume(found), 201)

    async def update(self, call: Call) -> NoReturn:
        raise Unavailable("volume update only valid for cluster volumes, but swarm is unavailable")

    async def remove(self, call: Call) -> Reply:
        force = call.query.flag("force")
        await self._asked(lambda: self._volumes.remove(call.name, force=force))
        return Reply(204)

    async def prune(self, call: Call) -> Reply:
        wanted = call.query.filters()
        if call.version < _ALL_SINCE:
            wanted["all"] = [*wanted.get("all", []), "true"]
        pruned = await self._asked(self._volumes.prune, wanted)
        return json_reply(
            {"VolumesDeleted": pruned.names, "SpaceReclaimed": pruned.reclaimed_bytes}
        )

    async def _asked(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._limiter)
