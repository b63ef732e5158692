"""`/build`: one method per endpoint."""

from __future__ import annotations

from seacan.spec.inventory import KEY_HEADER, MEDIA_TYPE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.client.client import Client
    from seacan.client.transport import Response, Upgraded


class Builds:
    def __init__(self, client: Client) -> None:
        self._client = client

    def build(
        self,
        context: Iterable[bytes],
        *,
        query: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send the pieces of a context; return a reply whose pieces are progress.

        `query`: what the image is to be, in the API's names. `headers`: X-Registry-Config, if
        anything is known of registries, X-Seacan-Secrets, and X-Seacan-Build for agents.
        """
        path = self._client.path("build")
        return self._client.upload(path, query=query, pieces=context, headers=headers)

    def agent(self, word: str, agent_id: str) -> Upgraded:
        """Return a connection on which a build asks an ssh agent: messages of its protocol.

        `word` is what the build was sent with in X-Seacan-Build; it may be sent later.
        """
        return self._client.upgrade(
            self._client.path("build", "agents"),
            query={"id": agent_id},
            headers={"X-Seacan-Build": word},
        )

    def build_inventory(
        self,
        body: Iterable[bytes],
        key: str,
        *,
        query: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """As `build`, of a context that comes as spec/inventory.py has it: seacan's daemon alone.

        `key`: what its contents are kept for. Raises NotFound if some are not, and are not sent.
        """
        return self._client.upload(
            self._client.path("build", "inventory"),
            query=query,
            pieces=body,
            headers={**(headers or {}), KEY_HEADER: key},
            media_type=MEDIA_TYPE,
        )

    def prune(
        self,
        *,
        all_records: bool = False,
        kept_bytes: int = 0,
        filters: Mapping[str, list[str]] | None = None,
    ) -> dict[str, Any]:
        """Forget what builds have left for the next; return CachesDeleted and SpaceReclaimed."""
        query = {
            "all": all_records,
            "keep-storage": kept_bytes or None,
            "filters": dict(filters or {}),
        }
        reply: dict[str, Any] = self._client.ask(
            "POST", self._client.path("build", "prune"), query=query
        )
        return reply
