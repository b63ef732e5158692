"""Which images GET /images/json lists. Source: Engine API 1.51, ImageList, `filters`.

What dockerd makes of several values was asked of dockerd 28.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from seacan.api.query import Filters
from seacan.engine.containers.filters import has_all_labels
from seacan.engine.containers.prune import moment_ns
from seacan.errors import InvalidArgument
from seacan.images import patterns
from seacan.images.image import Image

Find = Callable[[str], Image]


def select_images(
    images: Sequence[Image], filters: Filters, find: Find, *, all: bool = False
) -> list[Image]:
    """Return the images that match every filter by one of its values; of `label`, by all.

    Images without a name that others were made from are left out, unless `all` is set. With the
    filter `reference`, an image has those of its names that match. `find` is Images.get.
    Raises InvalidArgument for a filter or a value that there is not, NotFound for an image.
    """
    unknown = next((name for name in filters if name not in _TESTS and name != "reference"), None)
    if unknown is not None:
        raise InvalidArgument(f"invalid filter '{unknown}'")
    tests = [
        _TESTS[name](values, find)
        for name, values in filters.items()
        if values and name != "reference"
    ]
    parents = {image.parent for image in images}
    chosen = [image for image in images if all or _is_named(image) or image.id not in parents]
    if wanted := filters.get("reference"):
        chosen = [image for image in _narrowed(chosen, wanted) if _is_named(image)]
    for test in tests:
        chosen = list(filter(test, chosen))
    return chosen


_Test = Callable[[Image], bool]


def _is_named(image: Image) -> bool:
    return bool(image.references or image.digests)


def _narrowed(images: Sequence[Image], wanted: Sequence[str]) -> list[Image]:
    """Return the images with those of their names that match one of the patterns."""
    matches = patterns.reference_matcher(wanted)
    return [
        replace(
            image,
            references=tuple(filter(matches, image.references)),
            digests=tuple(filter(matches, image.digests)),
        )
        for image in images
    ]


def _dangling(values: list[str], _: Find) -> _Test:
    wanted = {_boolean("dangling", value) for value in values}
    if len(wanted) > 1:
        raise InvalidArgument(f"invalid filter 'dangling=[{' '.join(values)}]'")
    return lambda image: (not image.references) in wanted


def _label(values: list[str], _: Find) -> _Test:
    return lambda image: has_all_labels(image.labels, values)


def _before(values: list[str], find: Find) -> _Test:
    limit = min(find(value).created_s for value in values)
    return lambda image: image.created_s < limit


def _since(values: list[str], find: Find) -> _Test:
    limit = max(find(value).created_s for value in values)
    return lambda image: image.created_s > limit


def _until(values: list[str], _: Find) -> _Test:
    now_ns = time.time_ns()
    limit = min(moment_ns(value, now_ns) for value in values) / 10**9
    return lambda image: image.created_s < limit


_TESTS: Final[dict[str, Callable[[list[str], Find], _Test]]] = {
    "dangling": _dangling,
    "label": _label,
    "before": _before,
    "since": _since,
    "until": _until,
}


def _boolean(name: str, value: str) -> bool:
    if value.lower() in ("1", "true"):
        return True
    if value.lower() in ("0", "false"):
        return False
    raise InvalidArgument(f"invalid filter '{name}=[{value}]'")
