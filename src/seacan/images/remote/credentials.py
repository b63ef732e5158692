"""Who one is to a registry: what `docker login` has kept, as a client sends it with a request."""

import base64
import binascii
from typing import Final

import msgspec

from seacan.errors import InvalidArgument
from seacan.spec.engine_api import AuthConfig

_LIMIT_BYTES: Final = 64 << 10
_AUTH_CONFIG: Final = msgspec.json.Decoder(AuthConfig)


class Credentials(msgspec.Struct, frozen=True):
    """Secrets do not show in its text, so that they cannot come into a log."""

    username: str = ""
    password: str = ""
    identity_token: str = ""  # for a token server
    registry_token: str = ""  # for the registry itself
    server: str = ""  # what it is for, as the client wrote it

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, server={self.server!r})"

    @property
    def is_basic(self) -> bool:
        return bool(self.username and self.password)

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


NOBODY: Final = Credentials()


def from_wire(config: AuthConfig) -> Credentials:
    return Credentials(
        username=config.get("username") or "",
        password=config.get("password") or "",
        identity_token=config.get("identitytoken") or "",
        registry_token=config.get("registrytoken") or "",
        server=config.get("serveraddress") or "",
    )


def decode(header: str) -> Credentials:
    """Return what X-Registry-Auth says: base64 for URLs of JSON. Raises InvalidArgument."""
    if not header:
        return NOBODY
    try:
        padded = header[:_LIMIT_BYTES].rstrip("=")
        padded += "=" * (-len(padded) % 4)
        data = base64.b64decode(padded, altchars=b"-_", validate=True)
        return from_wire(_AUTH_CONFIG.decode(data)) if data else NOBODY
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError) as err:
        raise InvalidArgument(f"invalid X-Registry-Auth header: {err}") from err
