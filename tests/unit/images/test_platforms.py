import pytest

from seacan.errors import InvalidArgument
from seacan.images import platforms
from seacan.images.platforms import Platform


def test_from_json() -> None:
    found = platforms.from_json('{"os": "linux", "architecture": "aarch64", "variant": "v8"}')
    assert found == Platform("arm64", "linux", "v8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zz", "failed to parse platform: "),
        ("[]", "failed to parse platform: "),
        ('{"os": 1, "architecture": "arm64"}', "its parts are strings"),
        ('{"os": "linux"}', "both OS and Architecture must be provided"),
    ],
)
def test_no_platform(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        platforms.from_json(text)


@pytest.mark.parametrize(
    ("wanted", "found", "has"),
    [
        ("linux/arm", "linux/arm/v7", True),
        ("linux/arm/v7", "linux/arm/v7", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/arm/v6", "linux/arm", False),
        ("linux/amd64", "linux/arm64", False),
    ],
)
def test_has(wanted: str, found: str, has: bool) -> None:
    assert platforms.parse(wanted).has(platforms.parse(found)) is has
