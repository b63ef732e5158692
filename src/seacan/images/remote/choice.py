"""Which image of an index is for a platform. Source: image-index.md; containerd's platforms."""

from typing import Final

from seacan.errors import NotFound
from seacan.images import platforms
from seacan.images.platforms import Platform
from seacan.spec import image as wire
from seacan.spec.image import Descriptor, Index

# What the newest variant runs as well, best first.
_ARM: Final = ("v8", "v7", "v6", "v5")
_DEFAULT_VARIANTS: Final = {"arm": "v7", "arm64": "v8", "amd64": "v1"}


def choose(index: Index, wanted: Platform | None) -> Descriptor:
    """Return the descriptor of the image, or the inner index, for `wanted`, else for this machine.

    Raises NotFound.
    """
    platform = wanted or platforms.host()
    acceptable = acceptable_platforms(platform)
    for one in acceptable:
        for descriptor in index["manifests"]:
            if _normal(descriptor.get("platform")) == one:
                return descriptor
    for descriptor in index["manifests"]:
        if not descriptor.get("platform"):  # it says nothing, so it may fit
            return descriptor
    raise NotFound(f"no matching manifest for {platform} in the manifest list entries")


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


def _normal(platform: wire.Platform | None) -> Platform | None:
    if not platform:
        return None
    return normal(
        Platform(
            platform.get("architecture") or "",
            platform.get("os") or "",
            platform.get("variant") or "",
        )
    )
