"""Processes beside a container's own, under /containers/{id}/exec and /exec."""

from typing import Final, TypedDict

import msgspec

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.routes.streams import hijack, terminal_size
from seacan.api.shapes.execs import inspect_exec
from seacan.errors import InvalidArgument
from seacan.http.messages import Hijack, Reply
from seacan.spec.engine_api import ExecConfig


class ExecStartConfig(TypedDict, total=False):
    """The body of POST /exec/{id}/start."""

    Detach: bool | None
    Tty: bool | None
    ConsoleSize: list[int] | None  # rows, columns


_CREATE: Final = msgspec.json.Decoder(ExecConfig)
_START: Final = msgspec.json.Decoder(ExecStartConfig)


class ExecRoutes:
    def __init__(self, execs: engine.Execs) -> None:
        self._execs = execs

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/containers/{name}/exec", self.create),
            Route("POST", "/exec/{name}/start", self.start),
            Route("GET", "/exec/{name}/json", self.inspect),
            Route("POST", "/exec/{name}/resize", self.resize),
        ]

    async def create(self, call: Call) -> Reply:
        request = await call.json(_CREATE) or ExecConfig()
        if not request.get("Cmd"):
            raise InvalidArgument("No exec command specified")
        if call.version < (1, 42):
            request["ConsoleSize"] = None
        return json_reply({"Id": await self._execs.create(call.name, request)}, 201)

    async def start(self, call: Call) -> Hijack | Reply:
        options = await call.json(_START) or ExecStartConfig()
        is_detached, tty = bool(options.get("Detach")), bool(options.get("Tty"))
        has_console = tty and call.version >= (1, 42)
        start = await self._execs.prepare_start(
            call.name,
            detach=is_detached,
            tty=tty,
            console_size=options.get("ConsoleSize") if has_console else None,
        )
        if not is_detached:
            return hijack(call, start, has_headers=True)
        await start.begin_detached()
        return Reply(200)

    async def inspect(self, call: Call) -> Reply:
        return json_reply(inspect_exec(self._execs.get(call.name)))

    async def resize(self, call: Call) -> Reply:
        rows, columns = terminal_size(call)
        await self._execs.resize(call.name, rows=rows, columns=columns)
        return Reply(200)
