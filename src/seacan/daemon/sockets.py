"""The sockets that the daemon listens on."""

import contextlib
import grp
import os
import socket
from pathlib import Path

from seacan.errors import Conflict, InvalidArgument, Unsupported

_BACKLOG = 128


def listen(host: str) -> socket.socket:
    """Return a listening socket for `unix://PATH`, mode 0660, of group docker if there is one.

    Raises Conflict if another process listens there, Unsupported for another scheme.
    """
    scheme, separator, address = host.partition("://")
    if not separator:
        raise InvalidArgument(f"listen on {host!r}: not a URL such as unix:///run/seacan.sock")
    if scheme != "unix":
        raise Unsupported(f"listen on {host}: only unix:// is supported")
    return _listen_unix(Path(address))


def _listen_unix(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        before = os.umask(0o117)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        with contextlib.suppress(KeyError):
            os.chown(path, 0, grp.getgrnam("docker").gr_gid)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens on any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            path.unlink()
            return
    raise Conflict(f"listen on unix://{path}: another process does already")
