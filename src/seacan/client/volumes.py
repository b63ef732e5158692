"""`/volumes/…`: one method per endpoint."""

from __future__ import annotations

from seacan import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.client.client import Client
    from seacan.client.transport import Response


class Volumes:
    """The volumes of a daemon, by name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        name: str = "",
        *,
        driver: str = "",
        options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make a volume, anonymous without a name; return it, or the one that has the name."""
        body = {
            "Name": name,
            "Driver": driver,
            "DriverOpts": dict(options or {}) or None,
            "Labels": dict(labels or {}) or None,
        }
        path = self._client.path("volumes", "create")
        reply: dict[str, Any] = self._client.ask("POST", path, body=body)
        return reply

    def inspect(self, name: str) -> dict[str, Any]:
        reply: dict[str, Any] = self._client.ask("GET", self._client.path("volumes", name))
        return reply

    def remove(self, name: str, *, force: bool = False) -> None:
        """Remove it; with `force` it may be gone already."""
        path = self._client.path("volumes", name)
        self._client.ask("DELETE", path, query={"force": force})

    # What Docker has not.

    def rename(self, name: str, to: str) -> None:
        path = self._client.path("volumes", name, "rename")
        self._client.ask("POST", path, query={"name": to})

    def clone(self, name: str, to: str) -> dict[str, Any]:
        """Make the volume `to` with all that `name` has; return it."""
        path = self._client.path("volumes", name, "clone")
        reply: dict[str, Any] = self._client.ask("POST", path, query={"name": to})
        return reply

    def export(self, name: str) -> Response:
        """Return a reply whose pieces are a tar archive of all that is in it."""
        return self._client.call("GET", self._client.path("volumes", name, "export"))

    def import_archive(
        self, name: str, archive: Iterable[bytes], *, labels: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Send the pieces of a tar archive, and return the volume that is made of it.

        `labels` are NAME=VALUE.
        """
        path = self._client.path("volumes", name, "import")
        query = {"label": [*labels]}
        with self._client.upload(path, query=query, pieces=archive) as response:
            reply: dict[str, Any] = json_text.loads(b"".join(response.pieces()))
        return reply

    def prune(self, filters: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
        """Return `VolumesDeleted` and `SpaceReclaimed`, in bytes."""
        path = self._client.path("volumes", "prune")
        query = {"filters": dict(filters or {})}
        reply: dict[str, Any] = self._client.ask("POST", path, query=query)
        return reply

    def list(self, filters: Mapping[str, list[str]] | None = None) -> list[dict[str, Any]]:
        query = {"filters": dict(filters or {})}
        reply = self._client.ask("GET", self._client.path("volumes"), query=query)
        found: list[dict[str, Any]] = reply["Volumes"] or []
        return found
