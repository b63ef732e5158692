"""The history of an image: the steps that it was made in, with what each added."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from seacan.errors import NotFound
from seacan.images.image import Image

_MISSING: Final = "<missing>"
_NEVER_S: Final = -62135596800  # the zero time of Go's, which dockerd shows for none


class Step(msgspec.Struct, frozen=True):
    id: str  # of the image that the step ended in, if that is here; else `<missing>`
    created_s: int  # since 1970
    created_by: str
    comment: str
    size_bytes: int  # of the layer that it added
    tags: tuple[str, ...]


def history(
    image: Image, layer_bytes: Mapping[int, int], get: Callable[[str], Image]
) -> list[Step]:
    """Return the steps, the last one first. `get` returns the image of an id, or raises NotFound.

    A config need not tell of every layer, nor of no more than there are.
    """
    sizes = iter([layer_bytes.get(number, 0) for number in image.layers])
    entries = [
        (entry, 0 if entry.get("empty_layer") else next(sizes, 0))
        for entry in image.config.get("history") or []
    ]
    made: Image | None = image
    steps = []
    for entry, size_bytes in reversed(entries):
        steps.append(
            Step(
                id=made.id if made else _MISSING,
                created_s=_seconds(entry.get("created")),
                created_by=entry.get("created_by") or "",
                comment=entry.get("comment") or "",
                size_bytes=size_bytes,
                tags=tuple(reference.familiar for reference in made.references) if made else (),
            )
        )
        made = _parent(made, get)
    return steps


def _parent(image: Image | None, get: Callable[[str], Image]) -> Image | None:
    if image is None or not image.parent:
        return None
    try:
        return get(image.parent)
    except NotFound:  # removed meanwhile
        return None


def _seconds(created: str | None) -> int:
    try:
        return int(datetime.fromisoformat(created or "").timestamp())
    except (ValueError, OverflowError):
        return _NEVER_S
