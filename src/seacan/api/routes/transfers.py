"""Images that come in and go out: load, import, save, pull, push."""

import functools
from collections.abc import Callable
from typing import BinaryIO, Protocol

import anyio
import anyio.from_thread

from seacan.api import engine_images
from seacan.api.background import Message, progress_stream
from seacan.api.body_file import body_file
from seacan.api.door import Call, Route
from seacan.api.routes.images import platform_of, platforms_of
from seacan.api.routes.registries import who_asks
from seacan.api.shapes.progress import progress_line
from seacan.build import changes
from seacan.errors import SeacanError
from seacan.http.messages import Request, Send, Stream
from seacan.images import platforms, references
from seacan.images.image import ImageId
from seacan.images.progress import Meter
from seacan.images.remote.remote import check_name
from seacan.images.remote.tasks import Cancellation
from seacan.images.streams import Watched, buffered
from seacan.metrics import Timer


class _Transfer(Protocol):
    def __call__(
        self, *, progress: Callable[[Message], None], cancellation: Cancellation
    ) -> None: ...


class TransferRoutes:
    def __init__(
        self, images: engine_images.Images, remote: engine_images.Remote, actions: Timer
    ) -> None:
        self._images = images
        self._actions = actions
        self._remote = remote

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/images/load", self.load),
            Route("POST", "/images/create", self.create),
            Route("POST", "/images/{name}/push", self.push),
            Route("GET", "/images/get", self.save),
            Route("GET", "/images/{name}/get", self.save_one),
        ]

    async def load(self, call: Call) -> Stream:
        platforms = platforms_of(call, since=(1, 48))
        is_quiet = call.query.flag("quiet", default=True)

        def work(archive: BinaryIO, tell: Callable[[Message], None]) -> None:
            def progress(message: Message) -> None:
                if not (is_quiet and "progressDetail" in message):
                    tell(message)

            self._images.load(archive, progress, platforms)

        return _progress_stream(call.request, work, told_first=True)

    async def save(self, call: Call) -> Stream:
        return self._save(call, call.query.texts("names"))

    async def save_one(self, call: Call) -> Stream:
        return self._save(call, [call.name])

    def _save(self, call: Call, names: list[str]) -> Stream:
        platforms = platforms_of(call, since=(1, 48))

        async def produce(send: Send) -> None:
            def work() -> None:
                with self._images.saving(names, platforms) as pieces:
                    for piece in pieces:
                        anyio.from_thread.run(send, piece)

            await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))

        return Stream("application/x-tar", produce)

    async def create(self, call: Call) -> Stream:
        if call.query.text("fromImage"):
            return self._pull(call)
        import_, source = self._import(call), call.query.text("fromSrc")
        if source == "-":
            return _progress_stream(
                call.request, lambda archive, tell: tell({"status": import_(archive)})
            )

        def work(tell: Callable[[Message], None], cancellation: Cancellation) -> None:
            with self._remote.open_archive(source, cancellation) as archive:
                tell({"status": f"Downloading from {archive.url}"})
                meter = Meter("Importing", "", archive.size_bytes, tell)
                tell({"status": import_(buffered(Watched(archive.stream, meter)))})

        return progress_stream(work)

    def _import(self, call: Call) -> Callable[[BinaryIO], ImageId]:
        """Return what makes an image of an archive, as the request asks."""
        query = call.query
        repository, wanted = query.text("repo"), query.optional("platform")
        reference = references.parse_tagged(repository, query.text("tag")) if repository else None
        return functools.partial(
            self._images.import_rootfs,
            reference=reference,
            config=changes.apply(query.texts("changes")),
            message=query.text("message") or f"Imported from {query.text('fromSrc')}",
            platform=platforms.parse(wanted) if wanted and call.version >= (1, 32) else None,
        )

    def _pull(self, call: Call) -> Stream:
        query, who = call.query, who_asks(call)
        reference = references.parse_pulled(query.text("fromImage"), query.text("tag"))
        check_name(reference)
        wanted = query.optional("platform") if call.version >= (1, 32) else None
        platform = platforms.parse(wanted) if wanted else None
        pull = functools.partial(self._remote.pull, reference, platform=platform, credentials=who)
        return self._transfer("pull", pull)

    async def push(self, call: Call) -> Stream:
        tag, who = call.query.text("tag"), who_asks(call)
        reference = references.parse_tagged(call.name, tag) if tag else references.parse(call.name)
        # Clients of older versions sent one that was ignored.
        platform = platform_of(call, since=(1, 46))
        push = functools.partial(self._remote.push, reference, platform=platform, credentials=who)
        return self._transfer("push", push)

    def _transfer(self, action: str, transfer: _Transfer) -> Stream:
        def work(tell: Callable[[Message], None], cancellation: Cancellation) -> None:
            with self._actions.timed(action):
                transfer(progress=tell, cancellation=cancellation)

        return progress_stream(work)


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
            anyio.from_thread.run(send, progress_line(message))

        body = body_file(request)
        try:
            # As slow as its client: not one of the threads that all share.
            await anyio.to_thread.run_sync(work, body, tell, limiter=anyio.CapacityLimiter(1))
        except SeacanError as err:
            if not has_told:
                raise
            await send(progress_line({"errorDetail": {"message": str(err)}, "error": str(err)}))

    return Stream("application/json", produce)
