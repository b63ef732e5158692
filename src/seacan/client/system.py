"""`/_ping`, `/version`, `/info`: the daemon itself."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.client.client import Client


class Ping:
    """What the headers of `/_ping` say."""

    __slots__ = ("api_version", "os_type")

    def __init__(self, api_version: str, os_type: str) -> None:
        self.api_version = api_version
        self.os_type = os_type


class System:
    def __init__(self, client: Client) -> None:
        self._client = client

    def ping(self) -> Ping:
        response = self._client.call("HEAD", "/_ping")
        self._client.finish(response)
        headers = response.headers
        return Ping(headers.get("api-version", ""), headers.get("ostype", ""))

    def version(self) -> dict[str, Any]:
        reply: dict[str, Any] = self._client.ask("GET", self._client.path("version"))
        return reply

    def info(self) -> dict[str, Any]:
        reply: dict[str, Any] = self._client.ask("GET", self._client.path("info"))
        return reply
