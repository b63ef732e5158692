"""`/exec/…`: commands run beside the first process of a container."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.client.client import Client
    from seacan.client.transport import Upgraded
    from seacan.spec.engine_api import ExecConfig


class Execs:
    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, container: str, config: ExecConfig | Mapping[str, object]) -> str:
        """Return the id of a new exec in `container`, not started yet."""
        path = self._client.path("containers", container, "exec")
        reply: dict[str, str] = self._client.ask("POST", path, body=config)
        return reply["Id"]

    def start(
        self, exec_id: str, *, tty: bool = False, console_size: tuple[int, int] | None = None
    ) -> Upgraded:
        """Start it attached and return its stream. `console_size`: rows, columns."""
        return self._client.upgrade(
            self._client.path("exec", exec_id, "start"), body=_start(False, tty, console_size)
        )

    def start_detached(self, exec_id: str, *, tty: bool = False) -> None:
        path = self._client.path("exec", exec_id, "start")
        self._client.ask("POST", path, body=_start(True, tty, None))

    def resize(self, exec_id: str, *, rows: int, columns: int) -> None:
        path = self._client.path("exec", exec_id, "resize")
        self._client.ask("POST", path, query={"h": rows, "w": columns})

    def inspect(self, exec_id: str) -> dict[str, Any]:
        reply: dict[str, Any] = self._client.ask("GET", self._client.path("exec", exec_id, "json"))
        return reply


def _start(detach: bool, tty: bool, console_size: tuple[int, int] | None) -> dict[str, object]:
    body: dict[str, object] = {"Detach": detach, "Tty": tty}
    if console_size:
        body["ConsoleSize"] = list(console_size)
    return body
