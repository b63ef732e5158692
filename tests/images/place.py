"""A store of images in a directory of its own, and what one asks of it in tests."""

import io
import json
import os
import weakref
from pathlib import Path
from typing import Any

from tests.images.archives import digest, directory, member, tar

from seacan.images import platforms, references
from seacan.images.image import Image, Use
from seacan.images.images import Images
from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation
from seacan.paths import DataRoot

BASE = tar([directory("etc"), member("etc/name", b"base")])
TOP = tar([member("etc/.wh.name", b""), member("new", b"top!")])
HELLO = "hello-world:latest"


class Pipe(io.RawIOBase):
    """An upload: it cannot seek."""

    def __init__(self, data: bytes) -> None:
        self._source = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        return self._source.readinto(memoryview(buffer)[:50_000])


class Place:
    def __init__(self, path: Path, registries: RegistrySettings | None = None) -> None:
        self.root = DataRoot(path)
        self.registries = registries or RegistrySettings()
        self.events: list[tuple[str, str, str]] = []
        self.images = self._open()
        self.messages: list[dict[str, Any]] = []

    def load(self, archive: bytes, *wanted: str) -> list[str]:
        """Load an archive, of these platforms; return the lines that the client would print."""
        self.messages.clear()
        stream: Any = Pipe(archive)
        self.images.load(stream, self.messages.append, [platforms.parse(one) for one in wanted])
        return [message["stream"].rstrip() for message in self.messages if "stream" in message]

    def pull(
        self, name: str, *, platform: str = "", credentials: Credentials = NOBODY
    ) -> list[str]:
        """Pull; return the messages as lines, those about bytes left out."""
        self.messages.clear()
        self.images.remote.pull(
            references.parse(name),
            platform=platforms.parse(platform) if platform else None,
            credentials=credentials,
            progress=self.messages.append,
            cancellation=Cancellation(),
        )
        return self._lines()

    def push(
        self, name: str, *, platform: str = "", credentials: Credentials = NOBODY
    ) -> list[str]:
        """Push; return the messages as pull() does."""
        self.messages.clear()
        self.images.remote.push(
            references.parse(name),
            platform=platforms.parse(platform) if platform else None,
            credentials=credentials,
            progress=self.messages.append,
            cancellation=Cancellation(),
        )
        return self._lines()

    def _lines(self) -> list[str]:
        return [
            f"{message['id']}: {message['status']}" if "id" in message else message["status"]
            for message in self.messages
            if "status" in message and not message.get("progressDetail")
        ]

    def reopen(self) -> None:
        self.images.close()
        self.images = self._open()

    def _open(self) -> Images:
        events = self.events

        def told(action: str, actor: str, name: str, labels: object) -> None:
            events.append((action, actor, name))

        images = Images(self.root, told, self.registries)
        weakref.finalize(self, images.close)  # at the latest; twice is fine
        return images

    def partials(self) -> dict[str, int]:
        """Return the sizes of downloads that broke off, by digest."""
        return {path.name: path.stat().st_size for path in (self.root.images / "partial").iterdir()}

    def names(self) -> list[str]:
        return sorted(r.familiar for image in self.images.list() for r in image.references)

    def files(self) -> set[str]:
        """Return everything on disk that a leftover would show in."""
        found = set(os.listdir(self.root.images / "ingest"))
        found |= set(os.listdir(self.root.images / "blobs/sha256"))
        found |= set(os.listdir(self.root.images / "partial"))
        return found | {f"layers/{name}" for name in os.listdir(self.root.layers)}


def no_containers(image_id: str) -> list[Use]:
    return []


def check_manifest(place: Place, image: Image) -> None:
    """Every image has a manifest, and all that it names is in the store with its size."""
    blobs = place.root.images / "blobs/sha256"
    manifest = json.loads((blobs / image.manifest_digest.removeprefix("sha256:")).read_bytes())
    assert manifest["config"]["digest"] == image.id
    assert len(manifest["layers"]) == len(image.layers)
    for descriptor in (manifest["config"], *manifest["layers"]):
        content = (blobs / descriptor["digest"].removeprefix("sha256:")).read_bytes()
        assert (digest(content), len(content)) == (descriptor["digest"], descriptor["size"])
