"""One request of the tables: what is sent to both engines."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ask:
    """A request; words in braces stand for objects, which objects.py has.

    `{new…}` is made for the request alone and removed after it; others are there for all of them,
    and must not change. `body` is sent as JSON, bytes as a tar archive.
    """

    method: str
    path: str
    body: Any = None
    upgrade: bool = False  # the client asks to turn the connection into raw streams
    endless: bool = False  # the answer goes on until the client leaves: its head is all that counts
    known: str = ""  # why the whole answer is another than dockerd's; that it is, is then tested

    def __str__(self) -> str:
        body = self.body
        if isinstance(body, dict):
            body = body.get("HostConfig") or {k: v for k, v in body.items() if k != "Image"}
        tail = "" if body is None else f" {str(body)[:80]}"
        return f"{self.method} {self.path}{tail}{' upgrade' if self.upgrade else ''}"
