from dataclasses import replace

import pytest
from tests.fakes.engine import make_image

from seacan.api.routes.image_filters import select_images
from seacan.errors import InvalidArgument
from seacan.images.image import ImageId

OLD = make_image(ImageId("sha256:" + "1" * 64), "busybox:1.36")
NEW = replace(
    make_image(ImageId("sha256:" + "2" * 64), "example.com/team/app:latest"),
    config={**OLD.config, "created": "2027-01-01T00:00:00Z", "config": {}},
)
BARE = replace(make_image(ImageId("sha256:" + "3" * 64), ""), config={**NEW.config})
ALL = [OLD, NEW, BARE]


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
        ({"before": ["example.com/team/app"]}, [OLD]),
        ({"before": ["sha256:222"]}, [OLD]),
        ({"since": ["busybox:1.36"]}, [NEW, BARE]),
        ({"since": ["busybox:1.36"], "dangling": ["false"]}, [NEW]),
    ],
)
def test_select(filters: dict[str, list[str]], chosen: list[object]) -> None:
    assert select_images(ALL, filters) == chosen


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"nope": ["x"]}, "invalid filter 'nope'"),
        ({"dangling": ["x"]}, "invalid filter 'dangling=[x]'"),
        ({"before": ["x"]}, "No such image: x"),
    ],
)
def test_refused(filters: dict[str, list[str]], words: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        select_images(ALL, filters)
    assert str(refused.value) == words
