"""An ssh agent that says which request it was asked."""

import contextlib
import socket
import threading
from pathlib import Path
from typing import Self

FAILURE = b"\0\0\0\1\5"


def message(kind: int, content: bytes = b"") -> bytes:
    """Return a message of the agent's protocol: its length, its type, its content."""
    return (1 + len(content)).to_bytes(4, "big") + bytes([kind]) + content


class FakeAgent:
    """Answers at `path`, each connection in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[int] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file:
            while head := file.read(5):
                file.read(int.from_bytes(head[:4], "big") - 1)
                self.asked.append(head[4])
                connection.sendall(message(12, f"of {head[4]}".encode()))
