"""The two ways in which a build is told of: in the classic builder's words, and as a graph."""

from collections import deque
from typing import Final

from seacan.api.shapes import build as classic
from seacan.api.shapes import build_graph as graph
from seacan.build.runs import CommandFailed
from seacan.errors import SeacanError
from seacan.http.messages import Send
from seacan.images.image import ImageId

_MOST_KEPT_BYTES: Final = 2 << 20


class ClassicAnswer:
    """Docker's; of a quiet build its outcome alone, but all that it told if it fails."""

    def __init__(self, send: Send, *, is_quiet: bool) -> None:
        self._send = send
        self._is_quiet = is_quiet
        self._has_told = False
        self._kept: deque[bytes] = deque()  # of a quiet build, the last of it
        self._kept_bytes = 0
        self.progress = classic.ClassicProgress(self._tell)

    def begin(self, dockerfile: bytes) -> None:
        """Do nothing: the words are those of the steps."""

    async def fail(self, err: SeacanError) -> bool:
        """Tell of what ended the build; False if that is to be the answer: nothing was told yet."""
        await self.progress.flush()
        if self._kept:
            self._has_told = True
            await self._send(b"".join(self._kept))
        if not self._has_told:
            return False
        status = err.status if isinstance(err, CommandFailed) else None
        await self._send(classic.failed(str(err), status))
        return True

    async def finish(self, image_id: ImageId, tags: list[str]) -> None:
        if self._is_quiet:
            await self._send(classic.stream(f"{image_id}\n"))
        else:
            await self._send(classic.finished(image_id, tags))

    async def _tell(self, data: bytes) -> None:
        if self._is_quiet:
            self._keep(data)
            return
        self._has_told = True
        await self._send(data)

    def _keep(self, data: bytes) -> None:
        self._kept.append(data)
        self._kept_bytes += len(data)
        while self._kept_bytes > _MOST_KEPT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popleft())


class GraphAnswer:
    """For seacan's own client: steps side by side, and where in the Dockerfile an error is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.progress = graph.GraphProgress(send)

    def begin(self, dockerfile: bytes) -> None:
        """Take the names of the stages; blocks. Raises DockerfileError."""
        self.progress.name_stages(dockerfile)

    async def fail(self, err: SeacanError) -> bool:
        await self._send(graph.failed(err, self.progress.missed))
        return True

    async def finish(self, image_id: ImageId, tags: list[str]) -> None:
        """Do nothing: the id of the image was told, and who asks knows its names."""
