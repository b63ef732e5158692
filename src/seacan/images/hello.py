"""The image hello-world: one executable of our own, in every new store."""

import io
import os
import tarfile
from pathlib import Path
from typing import Final

from seacan import log
from seacan.elf.programs import program
from seacan.errors import Unsupported
from seacan.files import sync_directory
from seacan.images import documents, platforms, references
from seacan.images.platforms import Platform
from seacan.images.store import Store
from seacan.spec.image import MEDIA_TYPE_LAYER, Descriptor, ImageConfig

NAME: Final = "hello-world:latest"
_EXECUTABLE: Final = "hello"
_CREATED: Final = "2026-11-24T00:00:00Z"  # fixed, so that the image's id is


def add_to(store: Store) -> None:
    """Add the image for this machine to the store."""
    platform = platforms.host()
    try:
        archive = _layer(program("hello", platform.architecture))
    except Unsupported as error:
        log.warn("no image hello-world", reason=str(error))
        return
    with store.adding():
        digest = store.blobs.write(archive)
        layer = store.layers.add(digest, digest, io.BytesIO(archive))
        _sync(store.layers.path(layer.number) / _EXECUTABLE)
        blob: Descriptor = {
            "mediaType": MEDIA_TYPE_LAYER,
            "digest": digest,
            "size": len(archive),
        }
        config = documents.encode(_config(digest, platform))
        image_id = store.add_image(config, [blob], [layer])
        store.set_reference(references.parse(NAME), image_id)


def _sync(path: Path) -> None:
    """Make one file durable: the first start has no time for Store.sync()."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    sync_directory(path.parent)


def _layer(executable: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        member = tarfile.TarInfo(_EXECUTABLE)
        member.mode = 0o755
        member.size = len(executable)
        archive.addfile(member, io.BytesIO(executable))
    return buffer.getvalue()


def _config(diff_id: str, platform: Platform) -> ImageConfig:
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "architecture": platform.architecture,
        "os": platform.os,
        "created": _CREATED,
        "config": {"Env": [path], "Cmd": [f"/{_EXECUTABLE}"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": _CREATED, "created_by": "seacan"}],
    }
