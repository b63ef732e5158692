"""Images that come in: load, import, and pull, which is refused."""

from collections.abc import Callable
from typing import Any, BinaryIO

import anyio
import anyio.from_thread
import msgspec

from seacan.api import engine
from seacan.api.body_file import body_file
from seacan.api.door import Call, Route
from seacan.errors import SeacanError, Unsupported
from seacan.http.messages import Request, Send, Stream
from seacan.images import platforms, references

Message = dict[str, Any]


class TransferRoutes:
    def __init__(self, images: engine.Images) -> None:
        self._images = images

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/images/load", self.load),
            Route("POST", "/images/create", self.create),
        ]

    async def load(self, call: Call) -> Stream:
        if call.version >= (1, 48) and call.query.text("platform"):
            raise Unsupported("load of one platform of an image is not supported")
        is_quiet = call.query.flag("quiet", default=True)

        def work(archive: BinaryIO, tell: Callable[[Message], None]) -> None:
            def progress(message: Message) -> None:
                if not (is_quiet and "progressDetail" in message):
                    tell(message)

            self._images.load(archive, progress)

        return _progress_stream(call.request, work)

    async def create(self, call: Call) -> Stream:
        query = call.query
        if image := query.text("fromImage"):
            name = ":".join(part for part in (image, query.text("tag")) if part)
            raise Unsupported(f"pull {name}: registries are not supported, load or import it")
        source = query.text("fromSrc")
        if source != "-":
            raise Unsupported(f"import from {source}: only an archive that is sent is supported")
        repository, wanted = query.text("repo"), query.optional("platform")
        reference = references.parse_tagged(repository, query.text("tag")) if repository else None
        platform = platforms.parse(wanted) if wanted and call.version >= (1, 32) else None

        def work(archive: BinaryIO, tell: Callable[[Message], None]) -> None:
            image_id = self._images.import_rootfs(
                archive,
                reference=reference,
                changes=query.texts("changes"),
                message=query.text("message") or f"Imported from {source}",
                platform=platform,
            )
            tell({"status": image_id})

        return _progress_stream(call.request, work)


def _progress_stream(
    request: Request, work: Callable[[BinaryIO, Callable[[Message], None]], None]
) -> Stream:
    """Return a stream of what `work` tells, one JSON value a line, as it reads the body.

    It runs in a thread. Its error is the answer if it has told nothing yet, else the last line.
    """

    async def produce(send: Send) -> None:
        has_told = False

        def tell(message: Message) -> None:
            nonlocal has_told
            has_told = True
            anyio.from_thread.run(send, _line(message))

        body = body_file(request)
        try:
            await anyio.to_thread.run_sync(work, body, tell)
        except SeacanError as err:
            if not has_told:
                raise
            await send(_line({"errorDetail": {"message": str(err)}, "error": str(err)}))

    return Stream("application/json", produce)


def _line(message: Message) -> bytes:
    return msgspec.json.encode(message) + b"\n"
