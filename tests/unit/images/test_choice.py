import pytest

from seacan.errors import NotFound
from seacan.images import platforms
from seacan.images.choice import choose, fits
from seacan.spec.image import Descriptor, Index


def index(*names: str) -> Index:
    manifests: list[Descriptor] = []
    for name in names:
        descriptor: Descriptor = {"mediaType": "x", "size": 1, "digest": name}
        if name:
            system, architecture, *variant = name.split("/")
            descriptor["platform"] = {
                "os": system,
                "architecture": architecture,
                "variant": "".join(variant),
            }
        manifests.append(descriptor)
    return {"manifests": manifests}


ARM = ("linux/arm/v5", "linux/arm/v6", "linux/arm/v7")


@pytest.mark.parametrize(
    ("names", "wanted", "chosen"),
    [
        (ARM, "linux/arm/v7", "linux/arm/v7"),
        (ARM, "linux/arm", "linux/arm/v7"),
        (ARM, "linux/arm/v6", "linux/arm/v6"),
        (ARM, "linux/arm/v8", "linux/arm/v7"),
        (("linux/arm", "linux/arm/v6"), "linux/arm/v7", "linux/arm"),
        (("linux/arm64",), "linux/arm64/v8", "linux/arm64"),
        (("linux/arm64/v8",), "linux/arm64", "linux/arm64/v8"),
        (("linux/amd64/v3", "linux/amd64"), "linux/amd64", "linux/amd64"),
        (("linux/amd64/v2", "linux/amd64"), "linux/amd64/v3", "linux/amd64/v2"),
        (("unknown/unknown", "linux/386"), "linux/386", "linux/386"),
        (("windows/amd64", "linux/amd64"), "linux/amd64", "linux/amd64"),
        (("linux/386", ""), "linux/amd64", ""),
    ],
)
def test_choose(names: tuple[str, ...], wanted: str, chosen: str) -> None:
    assert choose(index(*names), platforms.parse(wanted))["digest"] == chosen


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (ARM, "linux/arm64"),
        (("linux/arm64",), "linux/arm/v7"),
        (("linux/arm/v7",), "linux/arm/v6"),
        (("linux/amd64/v3",), "linux/amd64"),
        (("windows/amd64",), "linux/amd64"),
        ((), "linux/amd64"),
    ],
)
def test_none_fits(names: tuple[str, ...], wanted: str) -> None:
    with pytest.raises(NotFound, match=f"no matching manifest for {wanted} in the manifest list"):
        choose(index(*names), platforms.parse(wanted))


@pytest.mark.parametrize(
    ("found", "wanted", "does"),
    [
        ("linux/arm/v7", "linux/arm", True),
        ("linux/arm/v6", "linux/arm/v7", True),
        ("linux/arm/v7", "linux/arm/v6", False),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/amd64", "linux/arm64", False),
    ],
)
def test_fits(found: str, wanted: str, does: bool) -> None:
    assert fits(platforms.parse(found), platforms.parse(wanted)) is does
