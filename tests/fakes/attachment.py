"""An attached client, that is sent back what it says."""

import socket
import threading
from dataclasses import dataclass

from seacan.errors import Conflict


@dataclass
class FakeAttachment:
    """Sends back what it gets, early bytes first, until the client has closed its side."""

    tty: bool
    fails: bool = False

    async def begin(self, client: socket.socket, early: bytes) -> None:
        if self.fails:
            client.close()
            raise RuntimeError("begin failed")
        threading.Thread(target=_echo, args=(client, early), daemon=True).start()

    async def begin_detached(self) -> None:
        if self.fails:
            raise Conflict("exec has already run")


def _echo(client: socket.socket, early: bytes) -> None:
    client.setblocking(True)
    with client:
        try:
            client.sendall(early)
            while data := client.recv(4096):
                client.sendall(data)
            client.sendall(b"<end>")
        except OSError:
            return  # the client went away
