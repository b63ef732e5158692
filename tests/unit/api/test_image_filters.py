import pytest
from msgspec.structs import replace
from tests.fakes.images import make_image

from seacan.api.routes.image_filters import select_images
from seacan.errors import InvalidArgument, NotFound
from seacan.images.image import Image, ImageId

OLD = make_image(ImageId("sha256:" + "1" * 64), "busybox:1.36")
NEW = replace(
    make_image(ImageId("sha256:" + "2" * 64), "example.com/team/app:latest"),
    config={**OLD.config, "created": "2027-01-01T00:00:00Z", "config": {}},
)
BARE = replace(make_image(ImageId("sha256:" + "3" * 64), ""), config={**NEW.config})
ALL = [OLD, NEW, BARE]


def find(name: str) -> Image:
    for image in ALL:
        names = {image.id, *(reference.familiar for reference in image.references)}
        if name in names:
            return image
    raise NotFound(f"No such image: {name}:latest")


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        ({}, ALL),
        ({"dangling": []}, ALL),
        ({"dangling": ["true"]}, [BARE]),
        ({"dangling": ["0"]}, [OLD, NEW]),
        ({"reference": ["busybox"]}, [OLD]),
        ({"reference": ["busybox:1.36"]}, [OLD]),
        ({"reference": ["busybox:1.3*"]}, [OLD]),
        ({"reference": ["busybox:2"]}, []),
        ({"reference": ["*"]}, [OLD]),
        ({"reference": ["*/*/*"]}, [NEW]),
        ({"reference": ["busybox", "example.com/team/app"]}, [OLD, NEW]),
        ({"label": ["tier"]}, [OLD]),
        ({"label": ["tier=db", "flag"]}, [OLD]),
        ({"label": ["tier=db", "other"]}, []),
        ({"before": ["example.com/team/app:latest"]}, [OLD]),
        ({"before": [NEW.id]}, [OLD]),
        ({"until": ["2026-12-01T00:00:00Z"]}, [OLD]),
        ({"until": ["2026-11-01T00:00:00Z", "2027-12-01T00:00:00Z"]}, []),
        ({"since": ["busybox:1.36"]}, [NEW, BARE]),
        ({"since": ["busybox:1.36"], "dangling": ["false"]}, [NEW]),
    ],
)
def test_select(filters: dict[str, list[str]], chosen: list[object]) -> None:
    assert select_images(ALL, filters, find) == chosen


def test_names_that_do_not_match_are_not_shown() -> None:
    both = replace(OLD, references=(*OLD.references, *NEW.references))
    (found,) = select_images([both], {"reference": ["busybox"]}, find)
    assert found == OLD
    assert select_images([BARE], {"reference": ["*"]}, find) == []


def test_what_others_were_made_from_is_shown_with_all() -> None:
    child = replace(NEW, parent=BARE.id)
    named = replace(OLD, id=ImageId("sha256:" + "4" * 64), parent=OLD.id)
    images = [OLD, child, BARE, named]
    assert select_images(images, {}, find) == [OLD, child, named]
    assert select_images(images, {}, find, all=True) == images


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"nope": ["x"]}, "invalid filter 'nope'"),
        ({"dangling": ["x"]}, "invalid filter 'dangling=[x]'"),
        ({"dangling": ["true", "0"]}, "invalid filter 'dangling=[true 0]'"),
        ({"until": ["x"]}, 'failed to parse value as time or duration: "x"'),
        ({"reference": ["["]}, "syntax error in pattern"),
    ],
)
def test_refused(filters: dict[str, list[str]], words: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        select_images(ALL, filters, find)
    assert str(refused.value) == words


def test_an_image_that_there_is_not() -> None:
    with pytest.raises(NotFound, match="No such image: x:latest"):
        select_images(ALL, {"before": ["x"]}, find)
