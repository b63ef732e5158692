"""Tokens of our own: for a password, or for none if a rule is for everybody.

Docker's client asks without a password only where tokens are wanted. The key is of this process:
after a restart a client is asked for another token, which it gets by itself.
"""

import re
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from seacan.errors import InvalidArgument
from seacan.http.messages import Answer, Application, Reply, Request
from seacan.registry.access import Access, Scope
from seacan.registry.auth.basic import BasicAuthority
from seacan.registry.auth.rules import Rule, Visitor
from seacan.registry.auth.tokens import InvalidToken, challenge
from seacan.registry.errors import Refused

try:
    import jwt
except ImportError as err:
    raise InvalidArgument("rules for everybody need PyJWT: pip install 'seacan[registry]'") from err

PATH: Final = "/token"
SERVICE: Final = "seacan-registry"
LIFETIME_S: Final = 300
_ALGORITHM: Final = "HS256"
_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{1,260}")


class Issuer:
    """Makes tokens that say who somebody is; what that one may do is asked when it is done."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._secret = secrets.token_bytes(32)
        self._clock = clock

    def issue(self, user: str | None) -> str:
        now = int(self._clock())
        claims: dict[str, object] = {"aud": SERVICE, "iat": now, "exp": now + LIFETIME_S}
        if user is not None:
            claims["sub"] = user
        return jwt.encode(claims, self._secret, _ALGORITHM)

    def verify(self, token: str) -> str | None:
        """Return whose token it is, None if of somebody without a password.

        Raises InvalidToken.
        """
        try:
            claims = jwt.decode(token, self._secret, algorithms=[_ALGORITHM], audience=SERVICE)
        except jwt.PyJWTError as err:
            raise InvalidToken(str(err)) from err
        user = claims.get("sub")
        return user if isinstance(user, str) else None


class IssuingAuthority:
    """Takes passwords as well as the tokens that it gives for them.

    `realm`: where the tokens are got, if that is not at this registry's own address.
    """

    def __init__(
        self,
        basic: BasicAuthority,
        rules: Sequence[Rule],
        *,
        realm: str = "",
        is_tls: bool = False,
    ) -> None:
        self._basic = basic
        self._rules = rules
        self._issuer = Issuer()
        self._given_realm = realm
        self._scheme = "https" if is_tls else "http"

    async def identify(self, request: Request) -> Visitor:
        header = request.headers.get("authorization", "")
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer":
            return await self._basic.identify(request)
        try:
            return Visitor(self._issuer.verify(token.strip()), self._rules)
        except InvalidToken as err:
            raise challenge(self._realm(request), SERVICE, str(err), error="invalid_token") from err

    def refusal(self, request: Request, access: Access, scopes: Sequence[Scope]) -> Refused:
        if access.is_known:
            return Refused("DENIED", "this user may not do that")
        return challenge(self._realm(request), SERVICE, "a token for this is needed", scopes)

    def with_endpoint(self, behind: Application) -> Application:
        """Return an application that gives tokens at PATH, and is `behind` elsewhere."""

        async def answer(request: Request) -> Answer:
            if request.target.partition("?")[0] != PATH:
                return await behind(request)
            try:
                return await self._give(request)
            except Refused as refused:
                return refused.reply()

        return answer

    async def _give(self, request: Request) -> Answer:
        if request.method != "GET":
            raise Refused("UNSUPPORTED", "tokens are got by GET", headers=[("Allow", "GET")])
        visitor = await self._basic.identify(request)
        token = self._issuer.issue(visitor.user)
        body = {"token": token, "access_token": token, "expires_in": LIFETIME_S}
        no_store = [("Cache-Control", "no-store")]
        return Reply(200, msgspec.json.encode(body), "application/json", no_store)

    def _realm(self, request: Request) -> str:
        host = request.headers.get("host", "")
        if self._given_realm or not _HOST.fullmatch(host):
            return self._given_realm or PATH
        return f"{self._scheme}://{host}{PATH}"
