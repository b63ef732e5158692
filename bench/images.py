"""Images of the benchmark: archives of docker save, made once, loaded into every engine.

An engine that has a layer already does not unpack it again. So the layers of these are of the
benchmark's own, and the image goes after each load.
"""

import hashlib
import io
import json
import random
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LAYERS: Final = 20
FILES: Final = 50_000
_FILES_BYTES: Final = 2000  # of each, on average
_PADDING: Final = bytes(512)


@dataclass(frozen=True, slots=True)
class Archive:
    name: str  # of the image
    title: str
    path: Path


def archives(directory: Path, given: Path | None) -> list[Archive]:
    """Make the archives: the image of many files, and one like that of the archive `given`."""
    made = [many_files(directory)]
    if given is not None:
        made.append(like(given, directory))
    return made


def many_files(directory: Path) -> Archive:
    """Make an image of 20 layers with 50,000 files, the same each time."""
    archive = Archive(
        "seacan-bench-files:1", f"{LAYERS} layers, {FILES} files", directory / "files.tar"
    )
    _write(archive, [_layer(number) for number in range(LAYERS)], {})
    return archive


def like(given: Path, directory: Path) -> Archive:
    """Make an image with the files of another, its top layer longer by an empty block."""
    with tarfile.open(given) as opened:

        def content(name: str) -> bytes:
            file = opened.extractfile(name)
            assert file is not None
            return file.read()

        (entry,) = json.loads(content("manifest.json"))
        layers = [content(name) for name in entry["Layers"]]
        config = json.loads(content(entry["Config"]))
    layers[-1] += _PADDING
    size_mb = sum(map(len, layers)) / 1e6
    title = f"{entry['RepoTags'][0]}, {size_mb:.0f} MB"
    archive = Archive("seacan-bench-given:1", title, directory / "given.tar")
    _write(archive, layers, config.get("config") or {})
    return archive


def _write(archive: Archive, layers: Sequence[bytes], execution: dict[str, object]) -> None:
    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": execution,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    entry = {"Config": "config.json", "RepoTags": [archive.name], "Layers": names}
    with tarfile.open(archive.path, "w") as opened:
        for name, data in (
            *zip(names, layers, strict=True),
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps([entry]).encode()),
        ):
            _add(opened, name, data)


def _layer(number: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        for name, data in _files(number):
            _add(opened, name, data)
    return buffer.getvalue()


def _files(layer: int) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(layer)
    for number in range(FILES // LAYERS):
        size_bytes = chance.randrange(2 * _FILES_BYTES)
        yield f"layer{layer}/{number // 50}/{number}", chance.randbytes(size_bytes)


def _add(opened: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    opened.addfile(member, io.BytesIO(data))
