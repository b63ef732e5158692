"""`/auth`, `/distribution`, `/images/search`: what the daemon asks of registries."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from seacan.client.client import Client

_NOTHING: Mapping[str, str] = {}


class Registries:
    """`headers`: X-Registry-Auth, for those that want to know who asks."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def login(self, known: Mapping[str, str]) -> dict[str, str]:
        """Return `Status`, and an `IdentityToken` if the registry gave one."""
        reply: dict[str, str] = self._client.ask(
            "POST", self._client.path("auth"), body=dict(known)
        )
        return reply

    def inspect(self, name: str, *, headers: Mapping[str, str] = _NOTHING) -> dict[str, Any]:
        path = self._client.path("distribution", name, "json")
        reply: dict[str, Any] = self._client.ask("GET", path, headers=headers)
        return reply

    def manifest(self, name: str, *, headers: Mapping[str, str] = _NOTHING) -> bytes:
        """Return a manifest or list byte by byte; of seacan's daemon alone."""
        path = self._client.path("manifests", name, "json")
        return self._client.finish(self._client.call("GET", path, headers=headers))

    def push_list(
        self,
        name: str,
        entries: Sequence[Mapping[str, object]],
        *,
        headers: Mapping[str, str] = _NOTHING,
    ) -> str:
        """Push a list of images, each a `Source` and a `Platform`; return its digest."""
        path = self._client.path("manifests", name, "push")
        reply = self._client.ask("POST", path, body=list(entries), headers=headers)
        return str(reply["Digest"])

    def blob(self, name: str, size_bytes: int, *, headers: Mapping[str, str] = _NOTHING) -> bytes:
        """Return a document by the digest in `name`, verified; of seacan's daemon alone."""
        path, query = self._client.path("manifests", name, "blob"), {"size": size_bytes}
        return self._client.finish(self._client.call("GET", path, query=query, headers=headers))

    def push_artifact(
        self,
        name: str,
        manifest: str,
        blobs: Sequence[bytes],
        *,
        headers: Mapping[str, str] = _NOTHING,
    ) -> str:
        """Push a manifest with all the blobs that it names; return its digest."""
        from base64 import b64encode

        path = self._client.path("manifests", name, "artifact")
        body = {"Manifest": manifest, "Blobs": [b64encode(blob).decode() for blob in blobs]}
        reply = self._client.ask("POST", path, body=body, headers=headers)
        return str(reply["Digest"])

    def search(
        self,
        term: str,
        *,
        limit: int = 0,
        filters: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] = _NOTHING,
    ) -> list[dict[str, Any]]:
        query = {"term": term, "limit": limit or None, "filters": dict(filters or {})}
        path = self._client.path("images", "search")
        reply: list[dict[str, Any]] = self._client.ask("GET", path, query=query, headers=headers)
        return reply
