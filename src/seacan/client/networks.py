"""`/networks/…`: one method per endpoint."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.client.client import Client
    from seacan.spec.engine_api import EndpointSettings, NetworkCreate


class Networks:
    """The networks of a daemon. `name` is a name, an id, or the beginning of an id."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, request: NetworkCreate) -> dict[str, str]:
        """Return `Id` and `Warning`."""
        path = self._client.path("networks", "create")
        reply: dict[str, str] = self._client.ask("POST", path, body=request)
        return reply

    def inspect(self, name: str, *, verbose: bool = False) -> dict[str, Any]:
        path = self._client.path("networks", name)
        reply: dict[str, Any] = self._client.ask("GET", path, query={"verbose": verbose})
        return reply

    def remove(self, name: str) -> None:
        self._client.ask("DELETE", self._client.path("networks", name))

    def prune(self, filters: Mapping[str, list[str]]) -> list[str]:
        """Return the names of those that were removed."""
        path = self._client.path("networks", "prune")
        reply = self._client.ask("POST", path, query={"filters": dict(filters)})
        return list(reply.get("NetworksDeleted") or [])

    def list(self, filters: Mapping[str, list[str]]) -> list[dict[str, Any]]:
        path = self._client.path("networks")
        query = {"filters": dict(filters)}
        reply: list[dict[str, Any]] = self._client.ask("GET", path, query=query)
        return reply

    def connect(self, name: str, container: str, settings: EndpointSettings) -> None:
        path = self._client.path("networks", name, "connect")
        body = {"Container": container, "EndpointConfig": settings}
        self._client.ask("POST", path, body=body)

    def disconnect(self, name: str, container: str, *, force: bool) -> None:
        path = self._client.path("networks", name, "disconnect")
        self._client.ask("POST", path, body={"Container": container, "Force": force})
