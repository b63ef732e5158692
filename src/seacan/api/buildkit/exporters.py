"""What becomes of a result: an image with names, or files for the client.

Source: moby/buildkit, exporter/; moby, builder/builder-next/exporter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from seacan.api.buildkit.jobs import Job, Prepared
from seacan.api.buildkit.messages import SolveRequest, Typed
from seacan.api.buildkit.solving import Solving
from seacan.errors import InvalidArgument, Unsupported
from seacan.images import references
from seacan.images.references import Reference

_IMAGE: Final = ("moby", "image")
_FALSE: Final = ("", "0", "f", "false")
# Of an image: what the store of images does anyway, or has no say in.
_PASSED_OVER: Final = frozenset(("name", "unpack", "store", "danglingnameprefix", "name-canonical"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; several exporters of images come to one."""

    has_image: bool
    tags: Sequence[Reference]


def read(request: SolveRequest) -> Wanted:
    """Return what is asked for. Raises InvalidArgument; Unsupported, by name."""
    asked = request.exporters
    if not asked and request.old_exporter:
        asked = (Typed(request.old_exporter, request.old_exporter_attributes),)
    tags: dict[Reference, None] = {}
    for each in asked:
        if each.type not in _IMAGE:
            raise Unsupported(f"not supported: exporter {each.type}")
        _check_image(each.attributes)
        tags |= dict.fromkeys(_tags(each.attributes.get("name", "")))
    return Wanted(bool(asked), list(tags))


def _check_image(given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if name not in _PASSED_OVER and value.lower() not in _FALSE:
            raise Unsupported(f"not supported: {name}={value} of an exported image")


def _tags(names: str) -> list[Reference]:
    found = []
    for name in names.split(","):
        if name:
            reference = references.parse(name)
            if reference.digest:
                raise InvalidArgument(f"{name}: a name of an image has no digest")
            found.append(reference.with_default_tag())
    return found


@dataclass(frozen=True, slots=True)
class Exporters:
    solving: Solving

    async def export(self, job: Job, prepared: Prepared, wanted: Wanted) -> dict[str, str]:
        """Build a result and hand it over; return what the client is told of it."""
        if not wanted.has_image:
            await self.solving.evaluate(job, prepared)
            return {}
        image_id = await self.solving.build(job, prepared, wanted.tags)
        async with job.telling.during("exporting to image") as step:
            step.say(f"writing image {image_id}", is_over=True)
            for tag in wanted.tags:
                step.say(f"naming to {tag}", is_over=True)
        told: dict[str, str] = {
            "containerimage.digest": image_id,
            "containerimage.config.digest": image_id,
        }
        if wanted.tags:
            told["image.name"] = ",".join(map(str, wanted.tags))
        return told
