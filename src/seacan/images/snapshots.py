"""Snapshots: the directories that overlayfs lays over one another as a container's root."""

from pathlib import Path

from seacan.images.image import Image
from seacan.images.layers import Layers


class Snapshots:
    def __init__(self, layers: Layers) -> None:
        self._layers = layers

    def lower_directories(self, image: Image) -> list[Path]:
        """Return the directories of an image's layers, the top first, as overlay's lowerdir."""
        return [self._layers.path(number) for number in reversed(image.layers)]

    def hold(self, container_id: str, image: Image) -> None:
        """Keep an image's layers for a container, also if the image is removed by force.

        Raises NotFound if the image was removed meanwhile.
        """
        self._layers.hold(container_id, image.id)

    def held_directories(self, container_id: str) -> list[Path]:
        """Return the directories that a container holds, the top first."""
        return [self._layers.path(number) for number in reversed(self._layers.held(container_id))]

    def held_bytes(self, container_id: str) -> int:
        """Return the size of the layers that a container holds."""
        return self._layers.held_bytes(container_id)

    def release(self, container_id: str) -> None:
        """Let go of a container's layers; those that nobody uses are removed by Images.collect."""
        self._layers.release(container_id)

    def holders(self) -> list[str]:
        """Return the ids of the containers that hold layers."""
        return self._layers.holders()
