"""Lists of images that were begun here and are not yet in a registry: a file for each.

    CONFIG-DIRECTORY/manifest-lists/NAME.json    [{"Name", "Source", "Descriptor", "Platform"}, …]

`Name` is what the user calls the image, `Source` the same with a digest.
"""

from __future__ import annotations

import os

from seacan.cli.config_file import write_json
from seacan.cli.registry_transfer import with_registry
from seacan.client.images import split_reference
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


def whole(name: str) -> str:
    """Return an image's name with registry, and tag or digest."""
    _, tag = split_reference(name)
    return with_registry(name if tag else f"{name}:latest")


class ManifestLists:
    def __init__(self, config_path: str) -> None:
        self._directory = os.path.join(os.path.dirname(config_path), "manifest-lists")

    def find(self, name: str) -> list[dict[str, Any]] | None:
        """Return the images of a list, None if it was not begun."""
        import json

        path = self._path(name)
        try:
            with open(path, "rb") as file:
                entries: list[dict[str, Any]] = json.load(file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as err:
            raise InvalidArgument(f"read {path}: {err}") from err
        return entries

    def get(self, name: str) -> list[dict[str, Any]]:
        entries = self.find(name)
        if entries is None:
            raise NotFound(f"No such manifest: {whole(name)}")
        return entries

    def put(self, name: str, entries: list[dict[str, Any]]) -> None:
        write_json(self._path(name), entries)

    def remove(self, name: str) -> None:
        self.get(name)
        os.unlink(self._path(name))

    def _path(self, name: str) -> str:
        plain = "".join(c if c in _PLAIN else f"%{ord(c):02X}" for c in whole(name))
        return os.path.join(self._directory, f"{plain}.json")
