"""Containers as a list shows them: chosen by filters, with what the records do not have."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import anyio

from seacan import errors
from seacan.engine import links
from seacan.engine.container import Container
from seacan.engine.context import Context
from seacan.engine.filters import Facts, Filters, select
from seacan.engine.sizes import Sizes, sizes
from seacan.images.images import Images


@dataclass(frozen=True, slots=True)
class Listed:
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
) -> list[Listed]:
    """Return the containers wanted, the newest first. Raises InvalidArgument, NotFound."""
    asked = {record.image for record in records} | {*wanted.get("ancestor", ())}
    images = await anyio.to_thread.run_sync(image_ids, context.images, asked)
    names = links.names(records)
    facts = Facts(find, images, context.networks.of, names)
    chosen = select(records, all=all, limit=limit, wanted=wanted, facts=facts)
    if size:
        listed = await anyio.to_thread.run_sync(list_measured, context, chosen)
    else:
        listed = [Listed(record, _image(record, images)) for record in chosen]
    return (
        [replace(each, links=names.get(each.record.id, ())) for each in listed] if names else listed
    )


def list_measured(context: Context, records: Sequence[Container]) -> list[Listed]:
    """Return `records` with their sizes. Blocks, for it walks the disk."""
    images = image_ids(context.images, {record.image for record in records})
    return [Listed(record, _image(record, images), sizes(context, record)) for record in records]


def image_ids(images: Images, names: Iterable[str]) -> dict[str, str]:
    """Return the ids of those names that are images. Blocks."""
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = images.get(name).id
        except (errors.NotFound, errors.InvalidArgument):
            continue
    return found


def _image(record: Container, images: Mapping[str, str]) -> str:
    return record.image if images.get(record.image) == record.image_id else record.image_id
