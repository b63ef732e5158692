"""Containers as a list shows them: chosen by filters, with what the records do not have."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Final

import anyio
import msgspec
from msgspec.structs import replace

from seacan import errors
from seacan.engine.containers.container import Container
from seacan.engine.containers.filters import Facts, Filters, named, select
from seacan.engine.containers.sizes import Sizes, sizes
from seacan.engine.context import Context
from seacan.engine.networks import links
from seacan.images.images import Images

MEASURED_AT_ONCE: Final = 4  # requests that walk the disk


class Listed(msgspec.Struct, frozen=True):
    """`image` is what the container was made of, as it was asked for if that still names it."""

    record: Container
    image: str
    sizes: Sizes | None = None
    links: Sequence[str] = ()  # further names, which others have it linked under


async def list_containers(
    context: Context,
    records: Sequence[Container],
    find: Callable[[str], Container],
    *,
    all: bool,
    limit: int | None,
    wanted: Filters,
    size: bool,
    measuring: anyio.CapacityLimiter,
) -> list[Listed]:
    """Return the containers wanted, the newest first. Raises InvalidArgument, NotFound.

    `measuring` are the threads for those who want their sizes: it takes its time.
    """
    asked = {record.image for record in records} | {*wanted.get("ancestor", ())}
    names = links.names(records)
    slashed: dict[str, Sequence[str]] = {}
    if wanted_names := wanted.get("name") or ():
        slashed = {each.id: (f"/{each.name}", *names.get(each.id, ())) for each in records}

    def look_up() -> tuple[dict[str, set[str]], Set[str]]:
        return meant(context.images, asked), named(wanted_names, slashed)

    images, of_names = await anyio.to_thread.run_sync(look_up)
    facts = Facts(find, images, context.networks.of, of_names)
    chosen = select(records, all=all, limit=limit, wanted=wanted, facts=facts)
    if size:
        listed = await anyio.to_thread.run_sync(list_measured, context, chosen, limiter=measuring)
    else:
        listed = [Listed(record, _image(record, images)) for record in chosen]
    return (
        [replace(each, links=names.get(each.record.id, ())) for each in listed] if names else listed
    )


def list_measured(context: Context, records: Sequence[Container]) -> list[Listed]:
    """Return `records` with their sizes. Blocks, for it walks the disk."""
    images = meant(context.images, {record.image for record in records})
    return [Listed(record, _image(record, images), sizes(context, record)) for record in records]


def meant(images: Images, names: Iterable[str]) -> dict[str, set[str]]:
    """Return the ids of the images that names mean, for whichever platform. Blocks."""
    found: dict[str, set[str]] = {}
    for name in names:
        try:
            found[name] = {one.id for one in images.get(name).of_all_platforms}
        except (errors.NotFound, errors.InvalidArgument):
            continue
    return found


def _image(record: Container, images: Mapping[str, set[str]]) -> str:
    return record.image if record.image_id in images.get(record.image, ()) else record.image_id
