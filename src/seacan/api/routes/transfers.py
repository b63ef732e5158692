"""Images that come in and go out: load, import, save; and pull, which is refused."""

from collections.abc import Callable
from typing import Any, BinaryIO

import anyio
import anyio.from_thread
import msgspec

from seacan.api import engine
from seacan.api.body_file import body_file
from seacan.api.door import Call, Route
from seacan.api.routes.images import platform_of
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
            Route("GET", "/images/get", self.save),
            Route("GET", "/images/{name}/get", self.save_one),
        ]

    async def load(self, call: Call) -> Stream:
        platform = platform_of(call, since=(1, 48))
        is_quiet = call.query.flag("quiet", default=True)

        def work(archive: BinaryIO, tell: Callable[[Message], None]) -> None:
            def progress(message: Message) -> None:
                if not (is_quiet and "progressDetail" in message):
                    tell(message)

            self._images.load(archive, progress, platform)

        return _progress_stream(call.request, work, told_first=True)

    async def save(self, call: Call) -> Stream:
        return self._save(call, call.query.texts("names"))

    async def save_one(self, call: Call) -> Stream:
        return self._save(call, [call.name])

    def _save(self, call: Call, names: list[str]) -> Stream:
        platform = platform_of(call, since=(1, 48))

        async def produce(send: Send) -> None:
            def work() -> None:
                with self._images.saving(names, platform) as pieces:
                    for piece in pieces:
                        anyio.from_thread.run(send, piece)

            await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))

        return Stream("application/x-tar", produce)

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
    request: Request,
    work: Callable[[BinaryIO, Callable[[Message], None]], None],
    *,
    told_first: bool = False,
) -> Stream:
    """Return a stream of what `work` tells, one JSON value a line, as it reads the body.

    It runs in a thread. Its error is the answer if it has told nothing yet, else the last line;
    with `told_first` it is always a line, which is where clients look for it.
    """

    async def produce(send: Send) -> None:
        has_told = told_first

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
    return msgspec.json.encode(message) + b"\r\n"
