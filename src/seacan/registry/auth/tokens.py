"""A token with each request, which says what its bearer may do.

Source: distribution, "Token Authentication Specification" and "Token Scope Documentation".
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from seacan.http.messages import Application, Request
from seacan.registry.access import Access, Scope
from seacan.registry.errors import Refused


class Grant(msgspec.Struct):
    """One entry of a token's `access`."""

    type: str
    name: str
    actions: list[str] = []


class Bearer:
    """An Access by token; without one, `grants` is None."""

    def __init__(self, grants: Sequence[Grant] | None) -> None:
        self._grants = grants

    @property
    def is_known(self) -> bool:
        return self._grants is not None

    def may(self, scope: Scope) -> bool:
        return any(
            (grant.type, grant.name) == (scope.kind, scope.name)
            and not {scope.action, "*"}.isdisjoint(grant.actions)
            for grant in self._grants or ()
        )

    def sees(self, repository: str) -> bool:
        return True  # a token for the catalog is for all of it


class InvalidToken(Exception):
    """It is none, was made by another, is for another service, or too old."""


class Verifier(Protocol):
    def verify(self, token: str) -> list[Grant]:
        """Return what the token grants. Raises InvalidToken."""


class TokenAuthority:
    """`realm` is the URL where a client gets a token for `service`."""

    def __init__(self, verifier: Verifier, realm: str, service: str) -> None:
        self._verifier = verifier
        self._realm = realm
        self._service = service

    async def identify(self, request: Request) -> Bearer:
        header = request.headers.get("authorization")
        if header is None:
            return Bearer(None)
        kind, _, token = header.partition(" ")
        try:
            if kind.lower() != "bearer":
                raise InvalidToken("no token")
            return Bearer(self._verifier.verify(token.strip()))
        except InvalidToken as err:
            text = f"invalid token: {err}"
            raise challenge(self._realm, self._service, text, error="invalid_token") from err

    def refusal(self, request: Request, access: Access, scopes: Sequence[Scope]) -> Refused:
        error = "insufficient_scope" if access.is_known else ""
        text = "a token for this is needed"
        return challenge(self._realm, self._service, text, scopes, error=error)

    def with_endpoint(self, behind: Application) -> Application:
        return behind


def challenge(
    realm: str, service: str, text: str, scopes: Sequence[Scope] = (), *, error: str = ""
) -> Refused:
    """Return what tells a client to get a token at `realm`, for `scopes`."""
    fields = {"realm": realm, "service": service}
    if scopes:
        fields["scope"] = scope_text(scopes)
    if error:
        fields["error"] = error
    value = ",".join(f'{name}="{value}"' for name, value in fields.items())
    return Refused("UNAUTHORIZED", text, headers=[("WWW-Authenticate", f"Bearer {value}")])


def scope_text(scopes: Sequence[Scope]) -> str:
    """Return `repository:a:pull,push repository:b:pull`."""
    actions: dict[tuple[str, str], list[str]] = {}
    for scope in scopes:
        actions.setdefault((scope.kind, scope.name), []).append(scope.action)
    return " ".join(f"{kind}:{name}:{','.join(done)}" for (kind, name), done in actions.items())


def grants_of(claims: dict[str, object]) -> list[Grant]:
    """Return the `access` of a verified token. Raises InvalidToken."""
    try:
        return msgspec.convert(claims.get("access") or [], list[Grant])
    except msgspec.ValidationError as err:
        raise InvalidToken(f"access: {err}") from err
