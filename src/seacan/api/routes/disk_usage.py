"""What takes up how much of the disk: GET /system/df."""

from typing import Final

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes.disk_usage import shape_usage
from seacan.errors import InvalidArgument
from seacan.http.messages import Reply

_TYPES: Final = ("container", "image", "volume", "build-cache")


class DiskUsageRoutes:
    def __init__(self, disk: engine.Disk) -> None:
        self._disk = disk

    def routes(self) -> list[Route]:
        return [Route("GET", "/system/df", self.usage)]

    async def usage(self, call: Call) -> Reply:
        has_types = call.version >= (1, 42) and "type" in call.query
        wanted = call.query.texts("type") if has_types else _TYPES
        for kind in wanted:
            if kind not in _TYPES:
                raise InvalidArgument(f"unknown object type: {kind}")
        usage = await self._disk.usage(
            images="image" in wanted,
            containers="container" in wanted,
            volumes="volume" in wanted,
            cache="build-cache" in wanted,
        )
        return json_reply(shape_usage(usage, call.version))
