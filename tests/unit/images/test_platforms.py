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


def test_as_descriptors_have_it() -> None:
    for text in ("linux/arm/v7", "linux/amd64"):
        platform = platforms.parse(text)
        assert platforms.from_wire(platform.to_wire()) == platform
    assert "variant" not in platforms.parse("linux/amd64").to_wire()
