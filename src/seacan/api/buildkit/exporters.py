"""What becomes of a result: an image with names, or files for the client.

Source: moby/buildkit, exporter/; moby, builder/builder-next/exporter.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import anyio
import msgspec

from seacan.api.body_file import Receive, file_of
from seacan.api.buildkit import filesend
from seacan.api.buildkit.jobs import Job, Prepared
from seacan.api.buildkit.messages import SolveRequest, Typed
from seacan.api.buildkit.solving import Solving
from seacan.errors import InvalidArgument, Unsupported
from seacan.images import references
from seacan.images.image import ImageId
from seacan.images.references import Reference

_MOBY: Final = "moby"  # what an image is to buildx where it pushes by itself, over the Engine API
_IMAGE: Final = (_MOBY, "image")
_FILES: Final = ("local", "tar")
_FALSE: Final = ("", "0", "f", "false")
# Of an image: what the store of images does anyway, or has no say in. Of files: where they go to.
_PASSED_OVER: Final = frozenset(
    ("name", "unpack", "store", "danglingnameprefix", "name-canonical", "dest", "mode")
)


class Output(msgspec.Struct, frozen=True):
    """Files that the client wants, by the number that it knows this exporter by."""

    number: int
    type: str


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for; several exporters of images come to one."""

    has_image: bool
    tags: Sequence[Reference]
    outputs: Sequence[Output]


def read(request: SolveRequest) -> Wanted:
    """Return what is asked for. Raises InvalidArgument; Unsupported, by name."""
    asked = request.exporters
    if not asked and request.old_exporter:
        asked = (Typed(request.old_exporter, request.old_exporter_attributes),)
    tags: dict[Reference, None] = {}
    outputs = []
    for number, each in enumerate(asked):
        if each.type not in (*_IMAGE, *_FILES):
            raise Unsupported(f"not supported: exporter {each.type}")
        _check(each)
        if each.type in _FILES:
            outputs.append(Output(number, each.type))
        else:
            tags |= dict.fromkeys(_tags(each.attributes.get("name", "")))
    return Wanted(len(outputs) < len(asked), list(tags), outputs)


def _check(asked: Typed) -> None:
    for name, value in asked.attributes.items():
        if name == "push" and asked.type == _MOBY:
            continue
        if name not in _PASSED_OVER and value.lower() not in _FALSE:
            raise Unsupported(f"not supported: {name}={value} of exporter {asked.type}")


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
    solving: Solving

    async def export(self, job: Job, prepared: Prepared, wanted: Wanted) -> Mapping[str, str]:
        """Build a result and hand it over; return what the client is told of it."""
        async with self.solving.use(job, prepared, wanted.tags) as image_id:
            if wanted.has_image:
                self.solving.passing.keep(image_id)
                await self._tell(job, image_id, wanted.tags)
            await self._send(job, prepared, image_id, wanted.outputs)
        return _told(image_id, wanted.tags) if wanted.has_image else {}

    async def _tell(self, job: Job, image_id: ImageId, tags: Sequence[Reference]) -> None:
        async with job.telling.during("exporting to image") as step:
            step.say(f"writing image {image_id}", is_over=True)
            for tag in tags:
                step.say(f"naming to {tag}", is_over=True)

    async def _send(
        self, job: Job, prepared: Prepared, image_id: ImageId, outputs: Sequence[Output]
    ) -> None:
        if outputs and len(prepared.asked.platforms) > 1:
            raise Unsupported("not supported: files of several platforms")
        for output in outputs:
            name = "exporting to client " + ("tarball" if output.type == "tar" else "directory")
            async with (
                job.telling.during(name, str(output.number)) as step,
                self.solving.builds.export(image_id) as pieces,
            ):
                session = await self.solving.sessions.get(job.session_id)
                if output.type == "tar":
                    await filesend.send_archive(session, output.number, pieces, step)
                    continue
                with await anyio.to_thread.run_sync(self.solving.builds.open_context) as tree:
                    await anyio.to_thread.run_sync(
                        tree.receive,
                        file_of(_received(pieces)),
                        limiter=anyio.CapacityLimiter(1),
                    )
                    await filesend.send_files(session, output.number, tree, step)


def _told(image_id: ImageId, tags: Sequence[Reference]) -> dict[str, str]:
    told = dict.fromkeys(("containerimage.digest", "containerimage.config.digest"), str(image_id))
    return told | ({"image.name": ",".join(map(str, tags))} if tags else {})


def _received(pieces: AsyncIterator[bytes]) -> Receive:
    async def receive() -> bytes:
        return await anext(pieces, b"")

    return receive
