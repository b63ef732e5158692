import pytest
from msgspec.structs import replace
from tests.fakes.images import make_image

from seacan.engine.image_prune import choose
from seacan.errors import InvalidArgument
from seacan.images import references
from seacan.images.image import ImageId

DIGEST = "sha256:" + "9" * 64
TAGGED = make_image(ImageId("sha256:" + "1" * 64), "a:1")
PULLED = replace(
    make_image(ImageId("sha256:" + "2" * 64), ""), digests=(references.parse(f"b@{DIGEST}"),)
)
BARE = make_image(ImageId("sha256:" + "3" * 64), "")
BETWEEN = make_image(ImageId("sha256:" + "4" * 64), "")
CHILD = replace(make_image(ImageId("sha256:" + "5" * 64), "c:1"), parent=BETWEEN.id)
ALL = [TAGGED, PULLED, BARE, BETWEEN, CHILD]
NOW_NS = 1_800_000_000 * 10**9  # the images are two months old


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, [f"b@{DIGEST}", BARE.id]),
        ({"dangling": ["true"]}, [f"b@{DIGEST}", BARE.id]),
        ({"dangling": ["false"]}, ["a:1", f"b@{DIGEST}", BARE.id, "c:1"]),
        ({"until": ["24h"]}, [f"b@{DIGEST}", BARE.id]),
        ({"until": ["2026-01-01"]}, []),
        ({"label": ["tier=db"]}, [f"b@{DIGEST}", BARE.id]),
        ({"label": ["nope"]}, []),
        ({"label!": ["tier=db"]}, []),
        ({"label!": ["nope"]}, [f"b@{DIGEST}", BARE.id]),
    ],
)
def test_choice(wanted: dict[str, list[str]], names: list[str]) -> None:
    assert [name for _, chosen in choose(ALL, wanted, NOW_NS) for name in chosen] == names


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"nope": ["x"]}, "invalid filter 'nope'"),
        ({"dangling": ["x"]}, r"invalid filter 'dangling=\[x\]'"),
        ({"until": ["x"]}, "failed to parse value as time or duration"),
        ({"until": ["1h", "2h"]}, "more than one until filter specified"),
    ],
)
def test_refused(wanted: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        choose(ALL, wanted, NOW_NS)
