"""What the API is served on, and who is turned away at a listener of TCP.

A browser lets any page send requests to any address, and a name that its owner lets point to this
host (DNS rebinding) even read the answers. Requests of a page say so in Origin; and without TLS,
where no certificate shows that the client means this host, the name in Host has to be known.
"""

import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

import msgspec

from seacan.api.access import ALL, Access
from seacan.http.errors import message_reply
from seacan.http.messages import Answer, Application, Request


class Listener(msgspec.Struct, frozen=True):
    """A listening socket. `names`: what clients may call this host beside localhost and addresses.

    `names` are None with TLS, whose certificates tell, and for a unix socket. `access` is the part
    of the API that is served there.
    """

    socket: socket.socket
    tls: ssl.SSLContext | None = None
    names: frozenset[str] | None = None
    access: Access = ALL

    def guarded(self, application: Application) -> Application:
        """Return `application` behind what this listener checks."""
        if self.socket.family == socket.AF_UNIX:
            return application
        return _Guard(application, self.names)


class _Guard:
    def __init__(self, application: Application, names: frozenset[str] | None) -> None:
        self._application = application
        self._names = names

    async def __call__(self, request: Request) -> Answer:
        host = request.headers.get("host", "").strip().lower()
        origin = request.headers.get("origin")
        if origin is not None and _authority(origin) != host:
            return message_reply(403, f"request of another origin: {origin}")
        # Docker's clients name no host when they ask for h2c, which browsers cannot ask for.
        is_nameless = not host and request.headers.get("upgrade", "").lower() == "h2c"
        if not (is_nameless or self._names is None or _is_known(_name(host), self._names)):
            return message_reply(
                403,
                f"{host} is no name of this daemon: use an address, or have it listen on "
                f"tcp://{host}",
            )
        return await self._application(request)


def _authority(url: str) -> str | None:
    try:
        return urlsplit(url).netloc.lower() or None
    except ValueError:
        return None


def _name(host: str) -> str:
    """Return the name or address in HOST:PORT."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")


def _is_known(name: str, names: frozenset[str]) -> bool:
    if name == "localhost" or name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
