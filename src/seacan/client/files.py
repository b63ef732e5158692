"""`/containers/{id}/archive`: the files of a container, as tar archives."""

from __future__ import annotations

import base64
import binascii

from seacan.client.client import decode_json
from seacan.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from seacan.client.client import Client
    from seacan.client.transport import Response

_STAT = "x-docker-container-path-stat"
# Bits of Go's FileMode.
_DIRECTORY, _LINK, _DEVICE = 1 << 31, 1 << 27, 1 << 26


class PathStat:
    """What a path in a container is; `link_target` of a symbolic link that leads somewhere."""

    __slots__ = ("_mode", "link_target")

    def __init__(self, mode: int, link_target: str) -> None:
        self._mode = mode
        self.link_target = link_target

    @property
    def is_directory(self) -> bool:
        return bool(self._mode & _DIRECTORY)

    @property
    def is_link(self) -> bool:
        return bool(self._mode & _LINK)

    @property
    def is_device(self) -> bool:
        return bool(self._mode & _DEVICE)


class Files:
    """The files of a daemon's containers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def stat(self, container: str, path: str) -> PathStat:
        """Return what a path is. Raises NotFound, which does not say what of the two is missing."""
        target = self._target(container)
        response = self._client.call("HEAD", target, query={"path": path})
        self._client.finish(response)
        return _stat_of(response)

    def read(self, container: str, path: str) -> tuple[PathStat, Response]:
        """Return what `path` is, and a reply whose pieces are an archive of it."""
        target = self._target(container)
        response = self._client.call("GET", target, query={"path": path})
        return _stat_of(response), response

    def write(
        self, container: str, directory: str, pieces: Iterable[bytes], *, keeps_owners: bool
    ) -> None:
        """Unpack an archive in a directory; never a file over a directory, or the reverse."""
        query = {"path": directory, "noOverwriteDirNonDir": "true", "copyUIDGID": keeps_owners}
        response = self._client.upload(
            self._target(container), query=query, pieces=pieces, method="PUT"
        )
        self._client.finish(response)

    def _target(self, container: str) -> str:
        return self._client.path("containers", container, "archive")


def _stat_of(response: Response) -> PathStat:
    try:
        stat: dict[str, Any] = decode_json(base64.b64decode(response.headers.get(_STAT, "")))
        return PathStat(int(stat["mode"]), str(stat.get("linkTarget", "")))
    except (binascii.Error, KeyError, TypeError, ValueError) as err:
        raise Unavailable(f"the daemon does not say what the path is: {err}") from err
