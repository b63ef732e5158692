"""GET /system/check, which is seacan's own: the store of images is read and compared, all of it.

The answer is a JSON value a line: {"problem": TEXT} for each, then {"checked": {"blobs": N, …}}.
"""

import anyio
import anyio.from_thread
import msgspec
from msgspec.structs import asdict

from seacan.api import engine_images
from seacan.api.door import Call, Route
from seacan.http.messages import Send, Stream
from seacan.images.check import Checked


class CheckRoutes:
    def __init__(self, images: engine_images.Images) -> None:
        self._images = images

    def routes(self) -> list[Route]:
        return [Route("GET", "/system/check", self.check)]

    async def check(self, call: Call) -> Stream:
        async def produce(send: Send) -> None:
            await send(b"")  # the first word may take minutes

            def work() -> None:
                checked = Checked()
                for problem in self._images.check(checked):
                    anyio.from_thread.run(send, _line({"problem": problem}))
                anyio.from_thread.run(send, _line({"checked": asdict(checked)}))

            await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))

        return Stream("application/json", produce)


def _line(message: dict[str, object]) -> bytes:
    return msgspec.json.encode(message) + b"\n"
