"""What Docker has not: volumes renamed, cloned, exported and imported, under /volumes/NAME."""

import anyio

from seacan.api import engine_volumes
from seacan.api.body_file import body_file
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes.volumes import shape_volume
from seacan.errors import InvalidArgument
from seacan.http.messages import Reply, Send, Stream


class VolumeCopyRoutes:
    """To be asked before the routes of Docker's, to which a slash is part of a name."""

    def __init__(
        self, volumes: engine_volumes.Volumes, copies: engine_volumes.VolumeCopies
    ) -> None:
        self._volumes = volumes
        self._copies = copies

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/volumes/{name}/rename", self.rename),
            Route("POST", "/volumes/{name}/clone", self.clone),
            Route("GET", "/volumes/{name}/export", self.export),
            Route("POST", "/volumes/{name}/import", self.import_archive),
        ]

    async def rename(self, call: Call) -> Reply:
        await anyio.to_thread.run_sync(self._volumes.rename, call.name, _new_name(call))
        return Reply(204)

    async def clone(self, call: Call) -> Reply:
        found = await anyio.to_thread.run_sync(
            self._copies.clone, call.name, _new_name(call), limiter=anyio.CapacityLimiter(1)
        )
        return json_reply(shape_volume(found), 201)

    async def export(self, call: Call) -> Stream:
        async def produce(send: Send) -> None:
            async with self._copies.export(call.name) as pieces:
                async for piece in pieces:
                    await send(piece)

        return Stream("application/x-tar", produce)

    async def import_archive(self, call: Call) -> Reply:
        labels = dict(text.partition("=")[::2] for text in call.query.texts("label"))
        found = await anyio.to_thread.run_sync(
            self._copies.import_archive,
            call.name,
            body_file(call.request),
            labels or None,
            limiter=anyio.CapacityLimiter(1),  # as slow as its client
        )
        return json_reply(shape_volume(found), 201)


def _new_name(call: Call) -> str:
    if not (name := call.query.text("name")):
        raise InvalidArgument("bad parameter: name cannot be empty")
    return name
