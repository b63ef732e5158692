"""A way to a server that breaks once: after so many bytes of its clients."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class Relay:
    """Of TCP, from `port` to `target_port` of this machine; `sent_bytes` is what clients sent.

    When it breaks, clients find it gone. `broken` is called, and the server is left to take what
    was on its way, until it hangs up. Whoever connects meanwhile waits.
    """

    def __init__(self, target_port: int, after_bytes: int) -> None:
        self.target_port = target_port
        self.sent_bytes = 0
        self.broken: Callable[[], object] = lambda: None
        self._after_bytes = after_bytes
        self._has_broken = False
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._servers: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    @contextlib.contextmanager
    def running(self) -> Iterator["Relay"]:
        threads = [threading.Thread(target=self._accept)]
        threads[0].start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            threads[0].join()
            self._listener.close()
            _close(self._clients | self._servers)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # shut down
                return
            with self._lock:
                server = socket.create_connection(("127.0.0.1", self.target_port))
                self._clients.add(client)
                self._servers.add(server)
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(*pair, client), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
                if source is client and self._count(len(data)):
                    return
            target.shutdown(socket.SHUT_WR)

    def _count(self, sent_bytes: int) -> bool:
        """Return whether it has just broken."""
        with self._lock:
            self.sent_bytes += sent_bytes
            if self._has_broken or self.sent_bytes < self._after_bytes:
                return False
            self._has_broken = True
            _close(self._clients)
            self.broken()
            for server in self._servers:
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_WR)
                    while server.recv(1 << 16):
                        pass
            _close(self._servers)
            return True


def _close(sockets: set[socket.socket]) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
    sockets.clear()
