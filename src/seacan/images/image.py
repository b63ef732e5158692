"""What others see of images: records, as of the moment they were asked for."""

from datetime import datetime
from typing import NewType

import msgspec

from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.spec.image import Descriptor, ExecutionConfig, ImageConfig

ImageId = NewType("ImageId", str)  # `sha256:` and the digest of the image's config


class Image(msgspec.Struct, frozen=True):
    id: ImageId
    references: tuple[Reference, ...]  # with a tag
    digests: tuple[Reference, ...]  # with a digest, as pulled
    config: ImageConfig
    manifest_digest: str
    size_bytes: int  # of the files in its layers
    layers: tuple[int, ...]  # numbers of its unpacked layers, the lowest first
    tagged_at: float | None  # seconds since the epoch, of the newest reference
    parent: str = ""  # the id of the image that it was made from here, while that is there
    indexes: tuple[str, ...] = ()  # digests of what its names came with, of several platforms
    others: tuple["Image", ...] = ()  # of other platforms, that are here of those
    # Its names mean another image, and this one if its platform is asked for.
    is_secondary: bool = False

    @property
    def created(self) -> str:
        """The time in RFC 3339, or the empty string."""
        return self.config.get("created") or ""

    @property
    def created_s(self) -> float:
        """Seconds since 1970; 0 for no time, and for a text that is none."""
        try:
            return datetime.fromisoformat(self.created).timestamp()
        except (ValueError, OverflowError):
            return 0.0

    @property
    def architecture(self) -> str:
        return self.config.get("architecture") or ""

    @property
    def variant(self) -> str:
        return self.config.get("variant") or ""

    @property
    def os(self) -> str:
        return self.config.get("os") or "linux"

    @property
    def diff_ids(self) -> list[str]:
        """The digests of the uncompressed layers, the lowest first."""
        return self.config["rootfs"].get("diff_ids") or []

    @property
    def execution(self) -> ExecutionConfig:
        """How to start a container of it."""
        return self.config.get("config") or {}

    @property
    def labels(self) -> dict[str, str]:
        return self.execution.get("Labels") or {}

    @property
    def platform(self) -> Platform:
        return Platform(self.architecture, self.os, self.variant)

    @property
    def of_all_platforms(self) -> tuple["Image", ...]:
        """This one, and what its names mean for other platforms."""
        return (self, *self.others)


class ImageManifest(msgspec.Struct, frozen=True):
    """A manifest that the names of an image lead to."""

    descriptor: Descriptor
    content_bytes: int  # of the blobs: itself, the config, the layers as they came; 0: not here
    platform: Platform
    image: Image | None  # if it is of one that is here
    attests: str | None = None  # the digest of the manifest that it says something about


class ImageManifests(msgspec.Struct, frozen=True):
    """All that the names of an image lead to."""

    target: Descriptor  # of the index, or of the one manifest
    manifests: tuple[ImageManifest, ...]


class Loaded(msgspec.Struct, frozen=True):
    """An image that an archive brought, and the references that now mean it."""

    id: ImageId
    references: tuple[Reference, ...]


class Use(msgspec.Struct, frozen=True):
    """A container of an image."""

    container_id: str
    is_running: bool


class Untagged(msgspec.Struct, frozen=True):
    reference: Reference


class Deleted(msgspec.Struct, frozen=True):
    """An image by its id, or a layer by its chain id."""

    digest: str


Removed = Untagged | Deleted
