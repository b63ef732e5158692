"""The life of containers, under /containers."""

import os
import time
from typing import Any, Final

import msgspec

from seacan import trace
from seacan.api import engine
from seacan.api.bodies import NO_BODY
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes.containers import inspect_container
from seacan.api.shapes.create import adapt_create, deprecated
from seacan.api.shapes.listing import list_container
from seacan.engine.containers.container import Exit
from seacan.errors import InvalidArgument, Unsupported
from seacan.http.messages import Reply, Send, Stream
from seacan.spec.engine_api import ContainerCreate

_CREATE: Final = msgspec.json.Decoder(ContainerCreate)
_NO_CONTENT: Final = Reply(204)
_CONDITIONS: Final = ("not-running", "next-exit", "removed")


class ContainerRoutes:
    def __init__(self, containers: engine.Containers) -> None:
        self._containers = containers

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/containers/json", self.list),
            Route("POST", "/containers/create", self.create),
            Route("GET", "/containers/{name}/json", self.inspect),
            Route("POST", "/containers/{name}/start", self.start),
            Route("POST", "/containers/{name}/start-traced", self.start_traced),
            Route("POST", "/containers/{name}/stop", self.stop),
            Route("POST", "/containers/{name}/restart", self.restart),
            Route("POST", "/containers/{name}/kill", self.kill),
            Route("POST", "/containers/{name}/wait", self.wait),
            Route("DELETE", "/containers/{name}", self.remove),
        ]

    async def list(self, call: Call) -> Reply:
        filters = call.query.filters()
        for older in ("since", "before"):
            if value := call.query.optional(older):
                filters.setdefault(older, []).append(value)
        limit = call.query.integer("limit") or 0
        found = await self._containers.list(
            all=call.query.flag("all"),
            limit=limit if limit > 0 else None,
            wanted=filters,
            size=call.query.flag("size"),
            label=call.label,
        )
        now_s = time.time()
        return json_reply([list_container(listed, call.version, now_s) for listed in found])

    async def create(self, call: Call) -> Reply:
        request = await call.json(_CREATE)
        if request is None:
            raise InvalidArgument(NO_BODY)
        if not request.keys() - {"HostConfig", "NetworkingConfig"}:
            raise InvalidArgument("config cannot be empty in order to create a container")
        created = await self._containers.create(
            adapt_create(request, call.version),
            name=call.query.optional("name"),
            platform=call.query.optional("platform") if call.version >= (1, 41) else None,
        )
        warnings = [*deprecated(request, call.version), *created.warnings]
        return json_reply({"Id": created.id, "Warnings": warnings}, 201)

    async def inspect(self, call: Call) -> Reply:
        container = self._containers.get(call.name)
        sizes = await self._containers.sizes(call.name) if call.query.flag("size") else None
        return json_reply(inspect_container(container, sizes, is_for_all=not call.label))

    async def start(self, call: Call) -> Reply:
        # An object with anything in it is longer than seven bytes; old clients send `{}`.
        length = call.request.headers.get("content-length", "0")
        if call.request.has_body and not (length.isdecimal() and int(length) <= 7):
            raise InvalidArgument(
                "starting container with non-empty request body was deprecated since API v1.22 "
                "and removed in v1.24"
            )
        if call.query.text("checkpoint") or call.query.text("checkpoint-dir"):
            raise Unsupported("not supported: start from a checkpoint")
        await self._containers.start(call.name)
        return _NO_CONTENT

    async def start_traced(self, call: Call) -> Reply:
        """Seacan's own: start it, and answer what was done when."""
        fd = trace.begin()
        try:
            trace.mark(fd, "daemon", "asked to start")
            await self._containers.start(call.name, fd)
            marks = trace.read(fd)
        finally:
            os.close(fd)
        shown = [{"At": mark.at_ns, "Who": mark.who, "What": mark.what} for mark in marks]
        return json_reply({"Trace": shown})

    async def stop(self, call: Call) -> Reply:
        await self._containers.stop(call.name, **_patience(call))
        return _NO_CONTENT

    async def restart(self, call: Call) -> Reply:
        await self._containers.restart(call.name, **_patience(call))
        return _NO_CONTENT

    async def kill(self, call: Call) -> Reply:
        await self._containers.kill(call.name, signal=call.query.optional("signal"))
        return _NO_CONTENT

    async def remove(self, call: Call) -> Reply:
        if call.query.flag("link"):
            await self._containers.remove_link(call.name)
            return _NO_CONTENT
        await self._containers.remove(
            call.name, force=call.query.flag("force"), volumes=call.query.flag("v")
        )
        return _NO_CONTENT

    async def wait(self, call: Call) -> Stream:
        condition = call.query.text("condition") if call.version >= (1, 30) else ""
        if condition and condition not in _CONDITIONS:
            raise InvalidArgument(f'invalid condition: "{condition}"')
        # From here on no end is missed: clients start the container when they have the head.
        wait = self._containers.wait(call.name, condition or _CONDITIONS[0])

        async def produce(send: Send) -> None:
            if call.version >= (1, 30):
                await send(b"")
            await send(_exit(await wait.result()))

        return Stream("application/json", produce)


def _patience(call: Call) -> dict[str, Any]:
    signal = call.query.optional("signal") if call.version >= (1, 42) else None
    return {"timeout_s": call.query.integer("t"), "signal": signal}


def _exit(end: Exit) -> bytes:
    answer: dict[str, Any] = {"StatusCode": end.status_code}
    if end.error:
        answer["Error"] = {"Message": end.error}
    return msgspec.json.encode(answer) + b"\n"
