"""What a container uses, under /containers/{name}/stats: once, or again and again."""

from typing import Any

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes.stats import container_stats, stats
from seacan.engine.containers.stats import Reading
from seacan.errors import InvalidArgument
from seacan.http.messages import Reply, Send, Stream


class StatsRoutes:
    def __init__(self, containers: engine.Containers) -> None:
        self._containers = containers

    def routes(self) -> list[Route]:
        return [Route("GET", "/containers/{name}/stats", self.stats)]

    async def stats(self, call: Call) -> Reply | Stream:
        source = self._containers.stats(call.name)
        is_stream = call.query.flag("stream", default=True)
        is_one_shot = call.version >= (1, 41) and call.query.flag("one-shot")
        if is_stream:
            if is_one_shot:
                raise InvalidArgument("cannot have stream=true and one-shot=true")
            return _stream(source)
        return json_reply(await (_single(source) if is_one_shot else _pair(source)))


def _stream(source: engine.StatsSource) -> Stream:
    async def produce(send: Send) -> None:
        await send(b"")
        before: Reading | None = None
        with source.listen() as readings:
            async for now in readings:
                await send(json_reply(container_stats(source.container, now, before)).body)
                before = now

    return Stream("application/json", produce)


async def _single(source: engine.StatsSource) -> dict[str, Any]:
    """Return one reading alone, which takes no time."""
    now = await source.current()
    return stats(now, None) if now else container_stats(source.container, None, None)


async def _pair(source: engine.StatsSource) -> dict[str, Any]:
    """Return a reading with the one before it, so that there is a difference to see."""
    if not source.container.is_running:
        return container_stats(source.container, None, None)
    with source.listen() as readings:
        before = await anext(readings, None)
        now = await anext(readings, None)
    return container_stats(source.container, now, before)
