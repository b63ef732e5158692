"""What a stage has come to: the image that it would be if it ended here."""

import hashlib
import json
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from seacan.images import documents
from seacan.images.building import BuiltLayer
from seacan.images.image import Image
from seacan.images.platforms import Platform
from seacan.spec.image import ExecutionConfig, History, ImageConfig


class State(msgspec.Struct, frozen=True):
    platform: Platform
    config: ExecutionConfig
    author: str = ""
    layers: tuple[BuiltLayer, ...] = ()  # the lowest first
    history: tuple[History, ...] = ()
    created: str = ""
    image_id: str = ""  # if it is an image as it stands

    @classmethod
    def of_image(cls, image: Image, layers: list[BuiltLayer]) -> "State":
        return cls(
            platform=image.platform,
            config=image.execution,
            author=image.config.get("author") or "",
            layers=tuple(layers),
            history=tuple(image.config.get("history") or ()),
            created=image.created,
            image_id=image.id,
        )

    @property
    def id(self) -> str:
        """The id of the image."""
        return self.image_id or documents.digest(documents.encode(self.document()))

    @property
    def diff_ids(self) -> list[str]:
        return [layer.diff_id for layer in self.layers]

    @property
    def identity(self) -> str:
        """A digest of what the next step can see: files and config, however they came about.

        A cache that goes by less is poisoned by an image that claims to be the parent of another
        (CVE-2024-24557).
        """
        return digest([self.diff_ids, self.config, str(self.platform), self.author])

    def after(
        self,
        config: ExecutionConfig,
        author: str,
        created: str,
        created_by: str,
        layer: BuiltLayer | None,
    ) -> "State":
        """Return what a step makes of it; without a layer it changed no file."""
        entry = History(created=created, created_by=created_by)
        if author:
            entry["author"] = author
        if layer is None:
            entry["empty_layer"] = True
        return replace(
            self,
            config=config,
            author=author,
            layers=self.layers if layer is None else (*self.layers, layer),
            history=(*self.history, entry),
            created=created,
            image_id="",
        )

    def squashed(self, base: "State", layer: BuiltLayer | None, created: str) -> "State":
        """Return it with one layer in place of those that it has on `base`, as dockerd says it."""
        own = [
            History({**entry, "empty_layer": True}) for entry in self.history[len(base.history) :]
        ]
        merged = History(created=created, comment=f"merge {self.id} to {base.id}")
        if layer is None:
            merged["empty_layer"] = True
        return replace(
            self,
            layers=base.layers if layer is None else (*base.layers, layer),
            history=(*base.history, *own, merged),
            created=created,
            image_id="",
        )

    def document(self) -> ImageConfig:
        """Return the config of the image."""
        document: ImageConfig = {
            "architecture": self.platform.architecture,
            "os": self.platform.os,
            "created": self.created,
            "config": cast(ExecutionConfig, _sorted(self.config)),
            "rootfs": {"type": "layers", "diff_ids": self.diff_ids},
            "history": list(self.history),
        }
        if self.author:
            document["author"] = self.author
        if self.platform.variant:
            document["variant"] = self.platform.variant
        return document


def digest(value: Any) -> str:
    """Return the digest of a value that JSON can say; the order of keys does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _sorted(config: ExecutionConfig) -> dict[str, Any]:
    return {name: value for name, value in sorted(config.items()) if value is not None}
