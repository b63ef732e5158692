"""Secrets and configs that are texts: written into a container before it starts."""

from __future__ import annotations

from seacan.compose.mounts import references, target_of
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.client.client import Client
    from seacan.compose.model.project import Project

_READABLE = "0444"


def write_contents(
    client: Client, project: Project, name: str, service: Mapping[str, Any], container: str
) -> None:
    """Write the texts of `service` into `container`. Raises InvalidArgument."""
    for kind, entry, defined in references(project, service):
        content = content_of(kind, defined)
        if not content:
            continue
        if service.get("read_only"):
            raise InvalidArgument(
                f'cannot create {kind} "{defined["name"]}" in read-only service {name}: '
                "`file` is the sole supported option"
            )
        keeps_owners = "uid" in entry or "gid" in entry
        archive = archive_of(target_of(kind, entry), content, entry)
        client.files.write(container, "/", [archive], keeps_owners=keeps_owners)


def content_of(kind: str, defined: Mapping[str, Any]) -> str:
    """Return the text of a secret or config; nothing for a file."""
    if "environment" in defined and "content" not in defined:
        raise InvalidArgument(
            f'environment variable "{defined["environment"]}" required by {kind} '
            f'"{defined["name"]}" is not set'
        )
    return str(defined.get("content", ""))


def archive_of(target: str, content: str, entry: Mapping[str, Any]) -> bytes:
    """Return a tar archive with the one file."""
    import io
    import tarfile
    import time

    data = content.encode(errors="surrogateescape")
    header = tarfile.TarInfo(target.lstrip("/"))
    header.size, header.mtime = len(data), int(time.time())
    header.mode = int(entry.get("mode", _READABLE), 8)
    header.uid, header.gid = _number(entry, "uid"), _number(entry, "gid")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(header, io.BytesIO(data))
    return archive.getvalue()


def _number(entry: Mapping[str, Any], key: str) -> int:
    text = entry.get(key, "0")
    if not text.isdecimal():
        raise InvalidArgument(f'{key} of {entry["source"]}: "{text}" is no number')
    return int(text)
