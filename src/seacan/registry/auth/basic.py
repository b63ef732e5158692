"""A name and a password with each request. Source: RFC 7617."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final, Protocol

from anyio import CapacityLimiter, to_thread

from seacan.http.messages import Application, Request
from seacan.registry.access import Access, Scope
from seacan.registry.auth.rules import Rule, Visitor
from seacan.registry.errors import Refused

_REALM: Final = "seacan registry"
# A hash takes a processor for as long as it does.
_CHECKS_AT_ONCE: Final = 4


class Passwords(Protocol):
    def check(self, user: str, password: str) -> bool: ...


class BasicAuthority:
    def __init__(self, passwords: Passwords, rules: Sequence[Rule]) -> None:
        self._passwords = passwords
        self._rules = rules
        self._limiter = CapacityLimiter(_CHECKS_AT_ONCE)

    async def identify(self, request: Request) -> Visitor:
        """Return the user, or one without a name if no password is given. Raises Refused."""
        header = request.headers.get("authorization")
        if header is None:
            return Visitor(None, self._rules)
        user, password = _read(header)
        is_right = user != "" and await to_thread.run_sync(
            self._passwords.check, user, password, limiter=self._limiter
        )
        if not is_right:
            raise unauthorized("wrong name or password")
        return Visitor(user, self._rules)

    def refusal(self, request: Request, access: Access, scopes: Sequence[Scope]) -> Refused:
        if access.is_known:
            return Refused("DENIED", "this user may not do that")
        return unauthorized("a password is needed")

    def with_endpoint(self, behind: Application) -> Application:
        return behind


def unauthorized(text: str) -> Refused:
    challenge = ("WWW-Authenticate", f'Basic realm="{_REALM}", charset="UTF-8"')
    return Refused("UNAUTHORIZED", text, headers=[challenge])


def _read(header: str) -> tuple[str, str]:
    """Return name and password of an Authorization header, empty if it is of another kind."""
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    user, _, password = text.partition(":")
    return user, password
