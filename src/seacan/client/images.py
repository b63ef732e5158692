"""`/images/…`: one method per endpoint."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.client.client import Client
    from seacan.client.transport import Response


class Images:
    """The images of a daemon. `name` is a reference, an id, or the beginning of an id."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def inspect(self, name: str, *, platform: str | None = None) -> dict[str, Any]:
        path = self._client.path("images", name, "json")
        query = {"platform": platform or None}
        reply: dict[str, Any] = self._client.ask("GET", path, query=query)
        return reply

    def pull(
        self,
        name: str,
        *,
        platform: str | None = None,
        all_tags: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Return a reply whose pieces are progress (client.messages).

        `headers`: X-Registry-Auth, if anything is known of the registry.
        """
        repository, tag = split_reference(name)
        wanted = None if all_tags else tag or "latest"
        query = {"fromImage": repository, "tag": wanted, "platform": platform or None}
        path = self._client.path("images", "create")
        return self._client.call("POST", path, query=query, headers=headers)

    def push(
        self,
        name: str,
        *,
        platform: str | None = None,
        all_tags: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Return a reply whose pieces are progress; `platform`: JSON, as the API has it."""
        repository, tag = split_reference(name)
        query = {"tag": None if all_tags else tag or "latest", "platform": platform or None}
        path = self._client.path("images", repository, "push")
        return self._client.call("POST", path, query=query, headers=headers)

    def load(
        self, archive: Iterable[bytes], *, quiet: bool = True, platforms: Iterable[str] = ()
    ) -> Response:
        """Send the pieces of an archive; return a reply whose pieces are progress."""
        query = {"quiet": quiet, "platform": list(platforms)}
        path = self._client.path("images", "load")
        return self._client.upload(path, query=query, pieces=archive)

    def import_rootfs(
        self,
        archive: Iterable[bytes],
        *,
        source: str = "-",
        reference: str | None = None,
        message: str | None = None,
        changes: Iterable[str] = (),
        platform: str | None = None,
    ) -> Response:
        """Send the pieces of a root file system's tar; return a reply whose pieces are progress.

        A `source` other than `-` is a URL that the daemon fetches; `archive` is empty then.
        """
        repository, tag = split_reference(reference or "")
        query = {
            "fromSrc": source,
            "repo": repository or None,
            "tag": tag or None,
            "message": message or None,
            "changes": list(changes),
            "platform": platform or None,
        }
        path = self._client.path("images", "create")
        return self._client.upload(path, query=query, pieces=archive)

    def save(self, names: Iterable[str], *, platforms: Iterable[str] = ()) -> Response:
        """Return a reply whose pieces are an archive of the images."""
        query = {"names": list(names), "platform": list(platforms)}
        return self._client.call("GET", self._client.path("images", "get"), query=query)

    def history(self, name: str, *, platform: str | None = None) -> list[dict[str, Any]]:
        path = self._client.path("images", name, "history")
        query = {"platform": platform or None}
        reply: list[dict[str, Any]] = self._client.ask("GET", path, query=query)
        return reply

    def prune(
        self, filters: Mapping[str, list[str]] | None = None, *, dangling: bool = True
    ) -> dict[str, Any]:
        """Remove images without a name, or all that are not used; return ImagesDeleted and more."""
        query = {"filters": {"dangling": ["true" if dangling else "false"], **(filters or {})}}
        path = self._client.path("images", "prune")
        reply: dict[str, Any] = self._client.ask("POST", path, query=query)
        return reply

    def tag(self, name: str, reference: str) -> None:
        repository, tag = split_reference(reference)
        path = self._client.path("images", name, "tag")
        self._client.ask("POST", path, query={"repo": repository, "tag": tag or None})

    def remove(
        self,
        name: str,
        *,
        force: bool = False,
        prune: bool = True,
        platforms: Iterable[str] = (),
    ) -> list[dict[str, str]]:
        """Return what went, each `{"Untagged": reference}` or `{"Deleted": id}`."""
        path = self._client.path("images", name)
        query = {"force": force, "noprune": not prune, "platforms": list(platforms)}
        reply: list[dict[str, str]] = self._client.ask("DELETE", path, query=query)
        return reply

    def list(
        self,
        *,
        all_images: bool = False,
        digests: bool = False,
        manifests: bool = False,
        filters: Mapping[str, list[str]] | None = None,
    ) -> list[dict[str, Any]]:
        query = {
            "all": all_images,
            "digests": digests,
            "manifests": manifests,
            "filters": dict(filters or {}),
        }
        path = self._client.path("images", "json")
        reply: list[dict[str, Any]] = self._client.ask("GET", path, query=query)
        return reply


def split_reference(name: str) -> tuple[str, str]:
    """Return repository and tag, or digest, of a reference; the daemon judges the grammar."""
    repository, at, digest = name.partition("@")
    if at:
        return repository, digest
    slash = name.rfind("/")
    colon = name.rfind(":")
    return (name[:colon], name[colon + 1 :]) if colon > slash else (name, "")
