"""A context as one file: a tar, or on the way in a zip.

    meta.json             as the store has it
    tls/ENDPOINT/FILE     certificates and keys

Source: docker/cli, cli/context/store/store.go.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from seacan.client.contexts import TlsData

LIMIT_BYTES = 10 << 20


def pack(metadata: dict[str, Any], tls: TlsData) -> bytes:
    """Return the tar of a context."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, "meta.json", json.dumps(metadata, separators=(",", ":")).encode(), 0o644)
        _add(archive, "tls", None, 0o700)
        for endpoint, files in tls.items():
            _add(archive, f"tls/{endpoint}", None, 0o700)
            for file, data in files.items():
                _add(archive, f"tls/{endpoint}/{file}", data, 0o600)
    return written.getvalue()


def _add(archive: tarfile.TarFile, name: str, data: bytes | None, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode = mode
    if data is None:
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    else:
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))


def unpack(data: bytes) -> tuple[dict[str, Any], TlsData]:
    """Return what a tar or zip has. Raises InvalidArgument; nothing is written anywhere."""
    metadata: dict[str, Any] | None = None
    tls: dict[str, dict[str, bytes]] = {}
    try:
        for name, content in _zipped(data) if data.startswith(b"PK") else _tarred(data):
            parts = name.split("/")
            if name == "meta.json":
                metadata = json.loads(content)
            elif parts[0] != "tls":
                raise InvalidArgument(f"{name}: unexpected context file")
            elif len(parts) != 3 or not all(map(_is_plain, parts)):
                raise InvalidArgument(f"{name}: unexpected path format")
            else:
                tls.setdefault(parts[1], {})[parts[2]] = content
    except (tarfile.TarError, zipfile.BadZipFile, ValueError, RecursionError) as err:
        raise InvalidArgument(f"invalid context: {err}") from err
    if not isinstance(metadata, dict):
        raise InvalidArgument("invalid context: no metadata found")
    return metadata, tls


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and "\\" not in part and "\0" not in part


def _tarred(data: bytes) -> Iterator[tuple[str, bytes]]:
    # What Docker's client writes ends with the last file's last byte.
    padded = data + bytes(-len(data) % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
    with tarfile.open(fileobj=io.BytesIO(padded), mode="r:") as archive:
        for entry in archive:
            if entry.isreg() and not entry.issparse():
                file = archive.extractfile(entry)
                yield entry.name, file.read() if file else b""


def _zipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    left = LIMIT_BYTES
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            left -= entry.file_size
            if left < 0:
                raise InvalidArgument(f"invalid context: longer than {LIMIT_BYTES} bytes")
            if not entry.is_dir():
                yield entry.filename, archive.read(entry)
