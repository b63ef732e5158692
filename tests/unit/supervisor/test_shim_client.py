"""The daemon's side of a shim."""

import fcntl
import socket

from seacan.supervisor.shim_client import _has_ended


def test_a_peer_is_looked_at_whatever_the_descriptor() -> None:
    """select(2) knows none above 1023: with a thousand clients, no container started."""
    near, far = socket.socketpair()
    with near, socket.socket(fileno=fcntl.fcntl(near, fcntl.F_DUPFD_CLOEXEC, 1024)) as high:
        assert not _has_ended(high)
        far.close()
        assert _has_ended(high)
