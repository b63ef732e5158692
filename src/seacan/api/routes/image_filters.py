"""Which images GET /images/json lists. Source: Engine API 1.51, ImageList, `filters`."""

import fnmatch
from collections.abc import Callable, Sequence
from typing import Final

from seacan.api.query import Filters
from seacan.api.shapes.times import seconds_since_epoch
from seacan.errors import InvalidArgument
from seacan.images.image import Image
from seacan.images.references import Reference


def select_images(images: Sequence[Image], filters: Filters) -> list[Image]:
    """Return the images that match every filter by one of its values; of `label`, by all.

    Raises InvalidArgument for a filter or a value that there is not.
    """
    unknown = next((name for name in filters if name not in _TESTS), None)
    if unknown is not None:
        raise InvalidArgument(f"invalid filter '{unknown}'")
    tests = [_TESTS[name](values, images) for name, values in filters.items() if values]
    return [image for image in images if all(test(image) for test in tests)]


_Test = Callable[[Image], bool]


def _dangling(values: list[str], _: Sequence[Image]) -> _Test:
    wanted = {_boolean("dangling", value) for value in values}
    return lambda image: (not image.references) in wanted


def _label(values: list[str], _: Sequence[Image]) -> _Test:
    def test(image: Image) -> bool:
        labels = image.execution.get("Labels") or {}
        return all(_has_label(labels, value) for value in values)

    return test


def _reference(values: list[str], _: Sequence[Image]) -> _Test:
    def test(image: Image) -> bool:
        named = (*image.references, *image.digests)
        return any(_matches(reference, pattern) for reference in named for pattern in values)

    return test


def _before(values: list[str], images: Sequence[Image]) -> _Test:
    limit = min(_created(_find(value, images)) for value in values)
    return lambda image: _created(image) < limit


def _since(values: list[str], images: Sequence[Image]) -> _Test:
    limit = max(_created(_find(value, images)) for value in values)
    return lambda image: _created(image) > limit


_TESTS: Final[dict[str, Callable[[list[str], Sequence[Image]], _Test]]] = {
    "dangling": _dangling,
    "label": _label,
    "reference": _reference,
    "before": _before,
    "since": _since,
}


def _boolean(name: str, value: str) -> bool:
    if value.lower() in ("1", "true"):
        return True
    if value.lower() in ("0", "false"):
        return False
    raise InvalidArgument(f"invalid filter '{name}=[{value}]'")


def _has_label(labels: dict[str, str], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    return name in labels and (not equals or labels[name] == value)


def _matches(reference: Reference, pattern: str) -> bool:
    """Tell whether a shell pattern, whose `*` ends at a slash, means the name or all of it."""
    wanted = pattern.split("/")
    for text in (reference.familiar, reference.familiar_name):
        parts = text.split("/")
        if len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted)):
            return True
    return False


def _find(name: str, images: Sequence[Image]) -> Image:
    for image in images:
        if image.id.removeprefix("sha256:").startswith(name.removeprefix("sha256:")):
            return image
        if any(name in (known.familiar, known.familiar_name) for known in image.references):
            return image
    raise InvalidArgument(f"No such image: {name}")


def _created(image: Image) -> float:
    return seconds_since_epoch(image.created)
