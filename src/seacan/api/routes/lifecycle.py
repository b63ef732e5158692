"""What is done to containers beside start and stop: pause, rename, update, top, places, prune."""

from typing import Final

import msgspec

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.versions import Version
from seacan.http.messages import Reply
from seacan.spec.engine_api import ContainerUpdate

_UPDATE: Final = msgspec.json.Decoder(ContainerUpdate)
_NO_CONTENT: Final = Reply(204)


class LifecycleRoutes:
    def __init__(self, containers: engine.Containers) -> None:
        self._containers = containers

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/containers/prune", self.prune),
            Route("POST", "/containers/{name}/pause", self.pause),
            Route("POST", "/containers/{name}/unpause", self.unpause),
            Route("POST", "/containers/{name}/rename", self.rename),
            Route("POST", "/containers/{name}/update", self.update),
            Route("GET", "/containers/{name}/top", self.top),
            Route("GET", "/containers/{name}/places", self.places),
        ]

    async def pause(self, call: Call) -> Reply:
        await self._containers.pause(call.name)
        return _NO_CONTENT

    async def unpause(self, call: Call) -> Reply:
        await self._containers.unpause(call.name)
        return _NO_CONTENT

    async def rename(self, call: Call) -> Reply:
        await self._containers.rename(call.name, call.query.text("name"))
        return _NO_CONTENT

    async def update(self, call: Call) -> Reply:
        request = adapt_update(await call.json(_UPDATE) or ContainerUpdate(), call.version)
        warnings = await self._containers.update(call.name, request)
        return json_reply({"Warnings": warnings or None})

    async def top(self, call: Call) -> Reply:
        found = await self._containers.top(call.name, call.query.text("ps_args"))
        return json_reply({"Titles": found.titles, "Processes": found.processes or None})

    async def places(self, call: Call) -> Reply:
        """Seacan's own: where to look at a container that runs, for who is on the same host."""
        found = self._containers.places(call.name)
        return json_reply({"Bundle": str(found.bundle), "DataRoot": str(found.data_root)})

    async def prune(self, call: Call) -> Reply:
        pruned = await self._containers.prune(call.query.filters())
        return json_reply(
            {"ContainersDeleted": pruned.ids or None, "SpaceReclaimed": pruned.reclaimed_bytes}
        )


def adapt_update(request: ContainerUpdate, version: Version) -> ContainerUpdate:
    """Return `request` without what its version did not have yet, or has no more.

    Source: Engine API, version history, 1.40 and 1.42.
    """
    adapted = request.copy()
    if version < (1, 40):
        adapted.pop("PidsLimit", None)
    if version >= (1, 42):
        adapted.pop("KernelMemory", None)
    return adapted
