"""Which image of several is for a platform. Source: image-index.md; containerd's platforms."""

from collections.abc import Sequence
from typing import Final, TypeVar

from seacan.errors import NotFound
from seacan.images import platforms
from seacan.images.platforms import Platform
from seacan.spec.image import Descriptor, Index

T = TypeVar("T")

# What the newest variant runs as well, best first.
_ARM: Final = ("v8", "v7", "v6", "v5")
_DEFAULT_VARIANTS: Final = {"arm": "v7", "arm64": "v8", "amd64": "v1"}


def choose(index: Index, wanted: Platform | None) -> Descriptor:
    """Return the descriptor of the image, or the inner index, for `wanted`, else for this machine.

    Raises NotFound.
    """
    platform = wanted or platforms.host()
    candidates = [
        (platforms.from_wire(told) if (told := descriptor.get("platform")) else None, descriptor)
        for descriptor in index["manifests"]
    ]
    found = best(candidates, platform)
    # One that says nothing may fit.
    found = found or next((descriptor for told, descriptor in candidates if told is None), None)
    if found is None:
        raise NotFound(f"no matching manifest for {platform} in the manifest list entries")
    return found


def best(candidates: Sequence[tuple[Platform | None, T]], wanted: Platform) -> T | None:
    """Return the first of the candidates for the platform that suits `wanted` best."""
    for acceptable in acceptable_platforms(wanted):
        for platform, candidate in candidates:
            if platform is not None and normal(platform) == acceptable:
                return candidate
    return None


def fits(found: Platform, wanted: Platform) -> bool:
    """Return whether `found` runs on `wanted`."""
    return normal(found) in acceptable_platforms(wanted)


def acceptable_platforms(platform: Platform) -> list[Platform]:
    """Return what runs on `platform`, best first: normalised, each with a variant if there may be.

    arm/v7 runs v6 and v5 as well; arm64 does not imply arm, which not every one runs.
    """
    one = normal(platform)
    if one.architecture == "arm":
        variants = _ARM[_ARM.index(one.variant) :] if one.variant in _ARM else (one.variant,)
    elif one.architecture == "amd64" and one.variant in ("v2", "v3", "v4"):
        variants = tuple(f"v{n}" for n in range(int(one.variant[1]), 0, -1))
    else:
        variants = (one.variant,)
    return [Platform(one.architecture, one.os, variant) for variant in variants]


def normal(platform: Platform) -> Platform:
    """Return it with the variant that stands for none."""
    variant = platform.variant or _DEFAULT_VARIANTS.get(platform.architecture, "")
    return Platform(platform.architecture, platform.os, variant)
