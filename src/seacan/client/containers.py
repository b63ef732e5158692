"""`/containers/…`: one method per endpoint."""

from __future__ import annotations

import select

from seacan import json_text
from seacan.client.images import split_reference
from seacan.errors import Internal, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.client.client import Client
    from seacan.client.transport import Response, Upgraded
    from seacan.spec.engine_api import ContainerCreate


class Created:
    """What `create` made: the id, and what the daemon warned of."""

    __slots__ = ("id", "warnings")

    def __init__(self, container_id: str, warnings: list[str]) -> None:
        self.id = container_id
        self.warnings = warnings


class Waiting:
    """A wait that the daemon has taken on; its result comes when the container is there.

    `fileno` is readable then. One that is not wanted any more is closed.
    """

    def __init__(self, client: Client, response: Response) -> None:
        self._client = client
        self._response = response

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._response.is_complete:
            self.close()

    def fileno(self) -> int:
        return self._response.connection.fileno()

    @property
    def is_known(self) -> bool:
        """Whether `result` would return at once."""
        if self._response.connection.has_received:
            return True
        poll = select.poll()
        poll.register(self, select.POLLIN)
        return bool(poll.poll(0))

    def result(self) -> int:
        """Wait, and return the exit status. Raises Internal if the daemon could not tell."""
        reply = json_text.loads(self._client.finish(self._response))
        if error := reply.get("Error"):
            raise Internal(str(error.get("Message", error)))
        return int(reply["StatusCode"])

    def close(self) -> None:
        self._response.connection.close()


def capabilities(names: Iterable[str]) -> list[str]:
    """Return `names` as Docker's clients send them: `net_admin` is CAP_NET_ADMIN, ALL has all."""
    found = {name.strip().upper() for name in names}
    if "ALL" in found:
        return ["ALL"]
    return sorted({f"CAP_{name.removeprefix('CAP_')}" for name in found})


class Containers:
    """The containers of a daemon. `name` is a name, an id, or the beginning of an id."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        config: ContainerCreate | Mapping[str, object],
        *,
        name: str | None = None,
        platform: str | None = None,
    ) -> Created:
        query = {"name": name or None, "platform": platform or None}
        path = self._client.path("containers", "create")
        reply = self._client.ask("POST", path, query=query, body=config)
        return Created(reply["Id"], reply.get("Warnings") or [])

    def start(self, name: str) -> bool:
        """Return whether it was not running before."""
        return self._act(name, "start")

    def start_traced(self, name: str) -> list[dict[str, Any]]:
        """Start it; return what was done when: At (CLOCK_MONOTONIC, ns), Who, What.

        Empty of dockerd, which starts it as ever.
        """
        try:
            reply = self._client.ask("POST", self._client.path("containers", name, "start-traced"))
        except NotFound as err:
            if "page not found" not in str(err):
                raise
            self.start(name)
            return []
        marks: list[dict[str, Any]] = reply["Trace"]
        return marks

    def stop(self, name: str, *, timeout_s: int | None = None, signal: str | None = None) -> bool:
        """Return whether it was running before. `timeout_s` -1: without SIGKILL in the end."""
        return self._act(name, "stop", {"t": timeout_s, "signal": signal or None})

    def restart(
        self, name: str, *, timeout_s: int | None = None, signal: str | None = None
    ) -> None:
        self._act(name, "restart", {"t": timeout_s, "signal": signal or None})

    def kill(self, name: str, signal: str | None = None) -> None:
        self._act(name, "kill", {"signal": signal or None})

    def pause(self, name: str) -> None:
        self._act(name, "pause")

    def unpause(self, name: str) -> None:
        self._act(name, "unpause")

    def rename(self, name: str, new_name: str) -> None:
        self._act(name, "rename", {"name": new_name})

    def update(self, name: str, changes: Mapping[str, object]) -> list[str]:
        """Change limits, restart policy and ports; return what the daemon warned of."""
        path = self._client.path("containers", name, "update")
        reply = self._client.ask("POST", path, body=changes)
        return reply.get("Warnings") or []

    def top(self, name: str, ps_arguments: str = "") -> dict[str, Any]:
        """Return Titles and Processes, as ps(1) on the daemon's host has them."""
        path = self._client.path("containers", name, "top")
        query = {"ps_args": ps_arguments or None}
        reply: dict[str, Any] = self._client.ask("GET", path, query=query)
        return reply

    def places(self, name: str) -> dict[str, str]:
        """Return Bundle and DataRoot: directories of the daemon's host. NotFound of dockerd."""
        path = self._client.path("containers", name, "places")
        reply: dict[str, str] = self._client.ask("GET", path)
        return reply

    def stats(self, name: str) -> dict[str, Any]:
        """Return two readings a second apart; of one that does not run, zeros at once."""
        path = self._client.path("containers", name, "stats")
        reply: dict[str, Any] = self._client.ask("GET", path, query={"stream": "false"})
        return reply

    def prune(self, filters: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
        """Remove all that do not run; return ContainersDeleted and SpaceReclaimed."""
        path = self._client.path("containers", "prune")
        query = {"filters": dict(filters or {})}
        reply: dict[str, Any] = self._client.ask("POST", path, query=query)
        return reply

    def resize(self, name: str, *, rows: int, columns: int) -> None:
        self._act(name, "resize", {"h": rows, "w": columns})

    def remove(
        self, name: str, *, force: bool = False, volumes: bool = False, link: bool = False
    ) -> None:
        query = {"force": force, "v": volumes, "link": link}
        self._client.ask("DELETE", self._client.path("containers", name), query=query)

    def list(
        self,
        *,
        all_states: bool = False,
        limit: int | None = None,
        size: bool = False,
        filters: Mapping[str, list[str]] | None = None,
    ) -> list[dict[str, Any]]:
        query = {"all": all_states, "limit": limit, "size": size, "filters": dict(filters or {})}
        path = self._client.path("containers", "json")
        reply: list[dict[str, Any]] = self._client.ask("GET", path, query=query)
        return reply

    def inspect(self, name: str, *, size: bool = False) -> dict[str, Any]:
        path = self._client.path("containers", name, "json")
        reply: dict[str, Any] = self._client.ask("GET", path, query={"size": size})
        return reply

    def wait(self, name: str, condition: str | None = None) -> Waiting:
        """Return when the daemon has begun to wait.

        `condition`: `not-running` (the default), `next-exit` or `removed`.
        """
        path = self._client.path("containers", name, "wait")
        return Waiting(
            self._client, self._client.call("POST", path, query={"condition": condition})
        )

    def attach(
        self,
        name: str,
        *,
        stdin: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        logs: bool = False,
        detach_keys: str | None = None,
    ) -> Upgraded:
        """Return the stream to and from the container; see client.streams for its frames."""
        query = {
            "stream": True,
            "stdin": stdin,
            "stdout": stdout,
            "stderr": stderr,
            "logs": logs,
            "detachKeys": detach_keys or None,
        }
        return self._client.upgrade(self._client.path("containers", name, "attach"), query=query)

    def logs(
        self,
        name: str,
        *,
        stdout: bool = True,
        stderr: bool = True,
        follow: bool = False,
        timestamps: bool = False,
        details: bool = False,
        since: str | None = None,
        until: str | None = None,
        tail: str | None = None,
    ) -> Response:
        """Return a reply whose pieces are the log: raw for a tty, else frames (client.streams).

        `since`, `until`: seconds since 1970, with or without a fraction; `tail`: lines, or `all`.
        """
        query = {
            "stdout": stdout,
            "stderr": stderr,
            "follow": follow,
            "timestamps": timestamps,
            "details": details,
            "since": since or None,
            "until": until or None,
            "tail": tail or None,
        }
        return self._client.call("GET", self._client.path("containers", name, "logs"), query=query)

    def clear_logs(self, name: str) -> None:
        """Remove what a container has logged so far: beyond Docker."""
        self._client.ask("DELETE", self._client.path("containers", name, "logs"))

    def changes(self, name: str) -> Any:
        """Return a list of what differs from the image, each with `Path` and `Kind`.

        0 is changed, 1 added, 2 deleted.
        """
        return self._client.ask("GET", self._client.path("containers", name, "changes")) or []

    def export(self, name: str) -> Response:
        """Return a reply whose pieces are a tar archive of the root file system."""
        return self._client.call("GET", self._client.path("containers", name, "export"))

    def commit(
        self,
        name: str,
        *,
        reference: str | None = None,
        author: str | None = None,
        message: str | None = None,
        changes: Iterable[str] = (),
        pause: bool = True,
    ) -> str:
        """Return the id of an image made of the container."""
        repository, tag = split_reference(reference or "")
        query = {
            "container": name,
            "repo": repository or None,
            "tag": tag or None,
            "author": author or None,
            "comment": message or None,
            "changes": list(changes),
            "pause": "1" if pause else "0",  # that it does is the daemon's default
        }
        reply = self._client.ask("POST", self._client.path("commit"), query=query)
        return str(reply["Id"])

    def _act(self, name: str, verb: str, query: Mapping[str, object] | None = None) -> bool:
        path = self._client.path("containers", name, verb)
        response = self._client.call("POST", path, query=query)
        self._client.finish(response)
        return response.status != 304
