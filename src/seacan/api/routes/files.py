"""The files of a container: archive (docker cp), changes (diff), export."""

import base64
from typing import Final

import msgspec

from seacan.api import engine
from seacan.api.body_file import body_file
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes.files import change, path_stat
from seacan.contents.words import PathStat
from seacan.errors import InvalidArgument
from seacan.http.messages import HeaderLine, Reply, Send, Stream

_STAT: Final = "X-Docker-Container-Path-Stat"


class FileRoutes:
    def __init__(self, files: engine.Files) -> None:
        self._files = files

    def routes(self) -> list[Route]:
        return [
            Route("HEAD", "/containers/{name}/archive", self.stat),
            Route("GET", "/containers/{name}/archive", self.read),
            Route("PUT", "/containers/{name}/archive", self.write),
            Route("GET", "/containers/{name}/changes", self.changes),
            Route("GET", "/containers/{name}/export", self.export),
        ]

    async def stat(self, call: Call) -> Reply:
        found = await self._files.stat(call.name, _path(call))
        return Reply(200, headers=[_stat_header(found)])

    async def read(self, call: Call) -> Stream:
        path = _path(call)
        headers: list[HeaderLine] = []

        async def produce(send: Send) -> None:
            async with self._files.read(call.name, path) as reading:
                headers.append(_stat_header(reading.stat))
                async for piece in reading.pieces:
                    await send(piece)

        return Stream("application/x-tar", produce, headers)

    async def write(self, call: Call) -> Reply:
        await self._files.write(
            call.name,
            _path(call),
            body_file(call.request),
            owned_by_user=call.query.flag("copyUIDGID"),
            keeps_kinds=call.query.flag("noOverwriteDirNonDir"),
        )
        return Reply(200)

    async def changes(self, call: Call) -> Reply:
        found = await self._files.changes(call.name)
        return json_reply([change(one) for one in found] or None)

    async def export(self, call: Call) -> Stream:
        async def produce(send: Send) -> None:
            async with self._files.export(call.name) as pieces:
                async for piece in pieces:
                    await send(piece)

        return Stream("application/octet-stream", produce)


def _path(call: Call) -> str:
    path = call.query.text("path")
    if not path:
        raise InvalidArgument("bad parameter: pathcannot be empty")
    return path


def _stat_header(found: PathStat) -> HeaderLine:
    return _STAT, base64.b64encode(msgspec.json.encode(path_stat(found))).decode()
