from typing import Any

from msgspec.structs import replace
from tests.fakes.images import IMAGE_ID, OTHER_IMAGE_ID, make_image

from seacan.errors import NotFound
from seacan.images.history import Step, history
from seacan.images.image import Image

BASE = make_image(OTHER_IMAGE_ID, "")
ENTRIES: list[Any] = [
    {"created": "2026-01-01T00:00:00Z", "created_by": "ADD", "comment": "base"},
    {"created": "2026-01-01T00:00:01.5Z", "created_by": "CMD", "empty_layer": True},
    {"created_by": "RUN"},
]


def image_of(entries: list[Any], parent: str = "") -> Image:
    image = make_image()
    return replace(image, config={**image.config, "history": entries}, layers=(1, 2), parent=parent)


def no_image(image_id: str) -> Image:
    raise NotFound(image_id)


def test_layers_belong_to_the_steps_that_have_one() -> None:
    assert history(image_of(ENTRIES), {1: 10, 2: 20}, no_image) == [
        Step(IMAGE_ID, -62135596800, "RUN", "", 20, ("busybox:latest",)),
        Step("<missing>", 1767225601, "CMD", "", 0, ()),
        Step("<missing>", 1767225600, "ADD", "base", 10, ()),
    ]


def test_parents_are_named_while_they_are_there() -> None:
    child = image_of(ENTRIES, parent=OTHER_IMAGE_ID)
    found = [step.id for step in history(child, {}, lambda _: BASE)]
    assert found == [IMAGE_ID, OTHER_IMAGE_ID, "<missing>"]
    found = [step.id for step in history(child, {}, no_image)]
    assert found == [IMAGE_ID, "<missing>", "<missing>"]


def test_a_history_that_does_not_fit_the_layers() -> None:
    assert history(image_of([]), {1: 10}, no_image) == []
    many = history(image_of([{"created": "junk"}] * 5), {1: 10, 2: 20}, no_image)
    assert [step.size_bytes for step in many] == [0, 0, 0, 20, 10]
