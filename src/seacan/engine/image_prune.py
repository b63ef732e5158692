"""Removing at once all images that nobody needs.

Source: moby, daemon/images/image_prune.go.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import anyio
import msgspec
from msgspec import field

from seacan import errors
from seacan.engine.containers.container import Container
from seacan.engine.containers.containers import Containers
from seacan.engine.containers.filters import Filters, has_all_labels
from seacan.engine.containers.prune import moment_ns
from seacan.engine.context import Context
from seacan.images.image import Deleted, Image, Removed, Use

_FILTERS: Final = ("dangling", "label", "label!", "until")


class PrunedImages(msgspec.Struct):
    removed: list[Removed] = field(default_factory=list)
    reclaimed_bytes: int = 0  # of the files in the layers that are gone


def choose(images: Sequence[Image], wanted: Filters, now_ns: int) -> list[tuple[Image, list[str]]]:
    """Return the images that pass every filter, each with the names to remove it by.

    Those without a tag, or any with `dangling=false`; never one that another was made from.
    Raises InvalidArgument.
    """
    is_chosen = _filter(wanted, now_ns)
    only_dangling = _is_only_dangling(wanted)
    parents = {image.parent for image in images}
    chosen = []
    for image in images:
        names = [reference.familiar for reference in (*image.references, *image.digests)]
        has_child = image.id in parents
        is_needed = image.references or has_child if only_dangling else has_child and not names
        if is_chosen(image) and not is_needed:
            chosen.append((image, names or [image.id]))
    return chosen


def _is_only_dangling(wanted: Filters) -> bool:
    values = wanted.get("dangling") or ["true"]
    if all(value.lower() in ("1", "true") for value in values):
        return True
    if all(value.lower() in ("0", "false") for value in values):
        return False
    raise errors.InvalidArgument(f"invalid filter 'dangling=[{' '.join(values)}]'")


def _filter(wanted: Filters, now_ns: int) -> Callable[[Image], bool]:
    for name in wanted:
        if name not in _FILTERS:
            raise errors.InvalidArgument(f"invalid filter '{name}'")
    until = wanted.get("until") or ()
    if len(until) > 1:
        raise errors.InvalidArgument("more than one until filter specified")
    latest_s = moment_ns(until[0], now_ns) / 10**9 if until else float("inf")
    labels, without = wanted.get("label") or (), wanted.get("label!") or ()
    return lambda image: (
        image.created_s <= latest_s
        and has_all_labels(image.labels, labels)
        and not (without and has_all_labels(image.labels, without))
    )


class ImagePrune:
    def __init__(self, context: Context, containers: Containers) -> None:
        self._context = context
        self._containers = containers

    async def prune(self, wanted: Filters) -> PrunedImages:
        """Remove the images that `wanted` chooses; one that a container uses stays."""
        uses = uses_by_image(self._containers.all_records())
        pruned = await anyio.to_thread.run_sync(self._prune, wanted, uses)
        self._context.events.append(
            "image", "prune", "", {"reclaimed": str(pruned.reclaimed_bytes)}
        )
        return pruned

    def _prune(self, wanted: Filters, uses: Mapping[str, list[Use]]) -> PrunedImages:
        images = self._context.images
        chosen = choose(images.list(), wanted, time.time_ns())
        pruned = PrunedImages()
        before = images.layer_bytes_by_chain_id()
        for _, names in chosen:
            for name in names:
                try:
                    pruned.removed += images.remove(
                        name, force=False, used_by=lambda image_id: uses.get(image_id, ())
                    )
                except (errors.Conflict, errors.NotFound):  # used, or removed meanwhile
                    continue
        pruned.reclaimed_bytes = sum(
            before.get(one.digest, 0) for one in pruned.removed if isinstance(one, Deleted)
        )
        return pruned


def uses_by_image(records: Sequence[Container]) -> Mapping[str, list[Use]]:
    """Return the containers of each image, by its id."""
    uses: dict[str, list[Use]] = defaultdict(list)
    for container in records:
        uses[container.image_id].append(Use(container.id, container.is_running))
    return uses
