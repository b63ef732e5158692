"""What becomes of a result: an image with names, here and in registries, or files for the client.

Source: moby/buildkit, exporter/; moby, builder/builder-next/exporter.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

import anyio
import msgspec

from seacan.api import cache_options, engine
from seacan.api.body_file import Receive, file_of
from seacan.api.buildkit import client_services, filesend
from seacan.api.buildkit.jobs import Job, Kept, Prepared
from seacan.api.buildkit.messages import SolveRequest, Typed
from seacan.api.buildkit.progress import teller
from seacan.api.buildkit.sessions import Session
from seacan.api.buildkit.solving import Solving
from seacan.api.cache_options import ExportedCache
from seacan.build.builder import Built
from seacan.build.context_tree import opened
from seacan.errors import InvalidArgument, Unsupported
from seacan.images import references
from seacan.images.image import ImageId
from seacan.images.references import Reference
from seacan.images.remote.credentials import NOBODY
from seacan.images.remote.tasks import Cancellation

_IMAGE: Final = ("moby", "image")
_FILES: Final = ("local", "tar")
_ARCHIVES: Final = ("oci", "docker")
_FALSE: Final = ("", "0", "f", "false")
_DIGEST: Final = "containerimage.digest"
# What the store of images does anyway, or has no say in; and where files go to.
_PASSED_OVER: Final = frozenset(
    ("name", "unpack", "store", "danglingnameprefix", "name-canonical", "prefer-image-digest")
)
_PLACES: Final = frozenset(("dest", "mode"))


class Output(msgspec.Struct, frozen=True):
    """Files that the client wants, by the number that it knows this exporter by."""

    number: int
    type: str
    names: Sequence[Reference] = ()  # in an archive of an image


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for; several exporters of images come to one."""

    has_image: bool
    tags: Sequence[Reference]
    pushed: Sequence[Reference]  # of these
    outputs: Sequence[Output]
    caches: Sequence[ExportedCache]


def read(request: SolveRequest) -> Wanted:
    """Return what is asked for. Raises InvalidArgument; Unsupported, by name."""
    asked = request.exporters
    if not asked and request.old_exporter:
        asked = (Typed(request.old_exporter, request.old_exporter_attributes),)
    tags: dict[Reference, None] = {}
    pushed: dict[Reference, None] = {}
    outputs = []
    for number, each in enumerate(asked):
        if each.type not in (*_IMAGE, *_FILES, *_ARCHIVES):
            raise Unsupported(f"not supported: exporter {each.type}")
        _check(each)
        names = dict.fromkeys(_tags(each.attributes.get("name", "")))
        if each.type in _IMAGE:
            tags |= names
            if not _is_false(each.attributes.get("push", "")):
                pushed |= names
        else:
            outputs.append(Output(number, each.type, [*names]))
    exports = request.cache.exports if request.cache is not None else ()
    caches = cache_options.exports((each.type, each.attributes) for each in exports)
    return Wanted(len(outputs) < len(asked), [*tags], [*pushed], outputs, caches)


def _check(asked: Typed) -> None:
    for name, value in asked.attributes.items():
        if name in _PASSED_OVER | _PLACES or (name == "push" and asked.type in _IMAGE):
            continue
        # `tar`: an archive, and no directory; `platform-split`: a directory for each platform.
        is_wanted = (name == "tar" and asked.type in _ARCHIVES) or name == "platform-split"
        if _is_false(value) is is_wanted:
            raise Unsupported(f"not supported: {name}={value} of exporter {asked.type}")


def _is_false(value: str) -> bool:
    return value.lower() in _FALSE


def _tags(names: str) -> list[Reference]:
    found = []
    for name in names.split(","):
        if name:
            reference = references.parse(name)
            if reference.digest:
                raise InvalidArgument(f"{name}: a name of an image has no digest")
            found.append(reference.with_default_tag())
    return found


class Exporters(msgspec.Struct, frozen=True):
    engine: engine.Engine
    solving: Solving

    async def export(self, job: Job, prepared: Prepared, wanted: Wanted) -> Mapping[str, str]:
        """Build a result and hand it over; return what the client is told of it."""
        kept = Kept(wanted.tags, wanted.caches)
        async with self.solving.use(job, prepared, kept) as built:
            if wanted.has_image:
                self.solving.passing.keep(built)
                await self._tell(job, built, wanted.tags)
                job.said.update(_told(built, wanted.tags))
            for tag in wanted.pushed:
                job.said[_DIGEST] = await self._push(job, tag)
            for output in wanted.outputs:
                await self._send(job, built, output)
        return job.said

    async def _tell(self, job: Job, built: Built, tags: Sequence[Reference]) -> None:
        async with job.telling.during("exporting to image") as step:
            step.say(f"writing image {built.image_id}", is_over=True)
            for tag in tags:
                step.say(f"naming to {tag}", is_over=True)

    async def _push(self, job: Job, tag: Reference) -> str:
        """Push an image as the client; return the digest of what has the name there."""
        session = await self.solving.sessions.get(job.session_id)
        found = await client_services.credentials(session, [tag.domain])
        digests: list[str] = []
        cancellation = Cancellation()
        async with job.telling.during(f"pushing {tag}") as step:
            say = teller(step)

            def tell(message: dict[str, Any]) -> None:
                digests.extend(filter(None, [(message.get("aux") or {}).get("Digest")]))
                say(message)

            push = partial(
                self.engine.remote.push,
                tag,
                platform=None,
                credentials={**job.credentials, **found}.get(tag.domain, NOBODY),
                progress=tell,
                cancellation=cancellation,
            )
            try:
                await anyio.to_thread.run_sync(
                    push, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
                )
            finally:
                cancellation.cancel()
        return digests[0]

    async def _send(self, job: Job, built: Built, output: Output) -> None:
        session = await self.solving.sessions.get(job.session_id)
        if output.type in _ARCHIVES:
            await self._send_image(job, session, built, output)
            return
        if output.type == "tar":
            await self._send_tar(job, session, built, output)
            return
        for platform, image_id in built.images.items():
            # Several have directories of their own.
            inside = str(platform).replace("/", "_") if len(built.images) > 1 else ""
            await self._send_files(job, session, output, image_id, inside)

    async def _send_tar(self, job: Job, session: Session, built: Built, output: Output) -> None:
        if len(built.images) > 1:
            raise Unsupported("not supported: a tar of the files of several platforms")
        async with (
            job.telling.during("exporting to client tarball", str(output.number)) as step,
            self.solving.builds.export(built.image_id) as pieces,
        ):
            await filesend.send_archive(session, output.number, pieces, step)

    async def _send_files(
        self, job: Job, session: Session, output: Output, image_id: ImageId, inside: str
    ) -> None:
        key = f"{output.number} {inside}"
        async with (
            job.telling.during("exporting to client directory", key) as step,
            self.solving.builds.export(image_id) as pieces,
            opened(self.solving.builds.open_context) as tree,
        ):
            await anyio.to_thread.run_sync(
                tree.receive, file_of(_received(pieces)), limiter=anyio.CapacityLimiter(1)
            )
            await filesend.send_files(session, output.number, tree, step, inside)

    async def _send_image(self, job: Job, session: Session, built: Built, output: Output) -> None:
        name = f"exporting to {output.type} image format"
        async with job.telling.during(name, str(output.number)) as step:
            saving = self.engine.images.saving_built(built.images, output.names)
            async with _in_threads(saving) as pieces:
                await filesend.send_archive(session, output.number, pieces, step)
        job.said.update(_told(built, output.names))


def _told(built: Built, tags: Sequence[Reference]) -> dict[str, str]:
    image_id = str(built.image_id)
    told = dict.fromkeys((_DIGEST, "containerimage.config.digest"), image_id)
    return told | ({"image.name": ",".join(map(str, tags))} if tags else {})


@asynccontextmanager
async def _in_threads(
    saving: AbstractContextManager[Iterator[bytes]],
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Yield what the pieces come of, with the loop free meanwhile, at the end as well."""
    held = ExitStack()
    pieces = await anyio.to_thread.run_sync(held.enter_context, saving)

    async def each() -> AsyncIterator[bytes]:
        while (piece := await anyio.to_thread.run_sync(next, pieces, None)) is not None:
            yield piece

    try:
        yield each()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(held.close)


def _received(pieces: AsyncIterator[bytes]) -> Receive:
    async def receive() -> bytes:
        return await anext(pieces, b"")

    return receive
