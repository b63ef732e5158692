"""`/_ping`, `/version`, `/info`, `/events`: the daemon itself."""

from __future__ import annotations

from seacan.errors import Forbidden, InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.client.client import Client
    from seacan.client.transport import Response


class Ping:
    """What the headers of `/_ping` say."""

    __slots__ = ("api_version", "is_seacan", "os_type")

    def __init__(self, api_version: str, os_type: str, *, is_seacan: bool) -> None:
        self.api_version = api_version
        self.os_type = os_type
        self.is_seacan = is_seacan


class System:
    def __init__(self, client: Client) -> None:
        self._client = client

    def ping(self) -> Ping:
        try:
            response = self._client.call("HEAD", "/_ping")
        except (InvalidArgument, Forbidden, NotFound):
            # Its answer has no body that says why, and a proxy may not know HEAD.
            response = self._client.call("GET", "/_ping")
        self._client.finish(response)
        headers = response.headers
        is_seacan = headers.get("server", "").startswith("seacan/")
        return Ping(headers.get("api-version", ""), headers.get("ostype", ""), is_seacan=is_seacan)

    def version(self) -> dict[str, Any]:
        reply: dict[str, Any] = self._client.ask("GET", self._client.path("version"))
        return reply

    def info(self) -> dict[str, Any]:
        reply: dict[str, Any] = self._client.ask("GET", self._client.path("info"))
        return reply

    def disk_usage(self) -> dict[str, Any]:
        """Return the sizes of images, containers, volumes and build cache."""
        reply: dict[str, Any] = self._client.ask("GET", self._client.path("system", "df"))
        return reply

    def check(self) -> Response:
        """Return a reply whose pieces are findings (client.messages): problems, then counts."""
        return self._client.call("GET", self._client.path("system", "check"))

    def prune_networks(self, filters: dict[str, list[str]]) -> dict[str, Any]:
        """Remove networks that no container uses; return NetworksDeleted."""
        return self._prune("networks", filters)

    def prune_volumes(self, filters: dict[str, list[str]]) -> dict[str, Any]:
        """Remove anonymous volumes that no container uses; return VolumesDeleted and more."""
        return self._prune("volumes", filters)

    def prune_build_cache(self, filters: dict[str, list[str]]) -> dict[str, Any]:
        """Remove what builds kept and none uses; return CachesDeleted and more."""
        return self._prune("build", filters)

    def _prune(self, kind: str, filters: dict[str, list[str]]) -> dict[str, Any]:
        path = self._client.path(kind, "prune")
        reply: dict[str, Any] = self._client.ask("POST", path, query={"filters": filters})
        return reply

    def events(
        self,
        *,
        since: str | None = None,
        until: str | None = None,
        filters: dict[str, list[str]] | None = None,
    ) -> Response:
        """Return a reply whose pieces are events (client.messages): from now on, until `until`.

        `since`, `until`: seconds since 1970, with or without a fraction; either brings the past.
        """
        query = {"since": since or None, "until": until or None, "filters": filters or None}
        return self._client.call("GET", self._client.path("events"), query=query)
