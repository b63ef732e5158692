"""Ports of the host that a test gives away itself."""

import secrets
import socket
from typing import Final

# Below those that the kernel, and the daemons of tests beside this one, give to who asks for any.
_FROM: Final = range(20_000, 32_768)


def free_port() -> int:
    """Return a port that nobody has, of TCP or UDP, by any address."""
    while True:
        port = secrets.choice(_FROM)
        if all(_is_free(port, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            return port


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET6, kind) as probe:
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            probe.bind(("::", port))
        except OSError:
            return False
        return True
