"""The Authorization header: basic, or a token from the server that the registry names.

    registry ──401 Bearer realm, service, scope──▸ here ──who, what for──▸ token server
        ◂───────────── Authorization: Bearer TOKEN ────────────◂─── token

Source: distribution, docs/spec/auth: token.md (GET), oauth.md (POST).
"""

import threading
import time
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

import msgspec
from urllib3 import BaseHTTPResponse

from seacan.images.remote import challenges, failures
from seacan.images.remote.challenges import Challenge
from seacan.images.remote.credentials import Credentials
from seacan.images.remote.http import Http, is_http, is_of_this_machine, read

CLIENT: Final = "seacan"
_ANSWER_BYTES: Final = 1 << 20
_LEAST_S: Final = 60  # that a token is taken to be good for
_EARLY_S: Final = 10  # that it is renewed before its end


class _Answer(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    refresh_token: str = ""
    expires_in: int = 0


_ANSWER: Final = msgspec.json.Decoder(_Answer)


class Authorization:
    """What one operation shows to one registry. `scopes`: `repository:library/busybox:pull`."""

    def __init__(
        self,
        http: Http,
        credentials: Credentials,
        scopes: Iterable[str],
        *,
        for_login: bool = False,
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._scopes = list(scopes)
        self._for_login = for_login
        self._challenge: Challenge | None = None
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, float]] = {}  # by scopes: token, good until
        self.identity_token = ""  # that a token server gave, for the next login

    def challenge(self, header: str) -> None:
        """Take note of how the registry wants to be told; the strongest way known here counts."""
        found = {challenge.scheme: challenge for challenge in challenges.parse(header)}
        self._challenge = found.get("bearer") or found.get("basic") or self._challenge

    def forget_tokens(self) -> None:
        with self._lock:
            self._tokens.clear()

    def header(self, url: str, more_scopes: Iterable[str] = ()) -> dict[str, str]:
        """Return the header for a request to `url`; none if nobody asked for one.

        Raises NoCredentials, Refused, Broken.
        """
        if self._challenge is None:
            return {}
        if self._challenge.scheme == "basic":
            if not self._credentials.is_basic:
                raise failures.NoCredentials(url)
            return {"Authorization": self._credentials.basic}
        if self._credentials.registry_token:
            return {"Authorization": f"Bearer {self._credentials.registry_token}"}
        return {"Authorization": f"Bearer {self._token(url, more_scopes)}"}

    def _token(self, url: str, more_scopes: Iterable[str]) -> str:
        assert self._challenge is not None
        scopes = [*self._scopes, *more_scopes]
        key = " ".join(scopes)
        with self._lock:
            token, until = self._tokens.get(key, ("", 0.0))
            if time.monotonic() < until:
                return token
            answer = self._fetch(self._challenge, url, scopes)
            self.identity_token = answer.refresh_token or self.identity_token
            token = answer.access_token or answer.token
            if not token:
                raise failures.Refused(401, "", "authorization server did not include a token")
            good_s = max(answer.expires_in, _LEAST_S) - _EARLY_S
            self._tokens[key] = (token, time.monotonic() + good_s)
            return token

    def _fetch(self, challenge: Challenge, url: str, scopes: list[str]) -> _Answer:
        realm = challenge.parameters.get("realm", "")
        if not is_http(realm):
            raise failures.Refused(401, "", f"no URL of a token server: {realm!r}")
        if realm.startswith("http:") and url.startswith("https:"):
            raise failures.Refused(401, "", f"a token server without TLS: {realm!r}")
        _check_place(realm, url)
        service = challenge.parameters.get("service", "")
        ask = self._post if self._credentials.identity_token else self._get
        try:
            with ask(realm, service, scopes) as response:
                _check_place(response.url or realm, url)  # it may have been redirected
                return _decode(read(response, _ANSWER_BYTES, "token"))
        except failures.Refused as err:
            err.is_from_token_server = True
            raise

    def _get(self, realm: str, service: str, scopes: list[str]) -> BaseHTTPResponse:
        query = [("service", service)] if service else []
        query += [("scope", scope) for scope in scopes]
        if self._for_login:
            query += [("offline_token", "true"), ("client_id", CLIENT)]
        secrets = {}
        if self._credentials.is_basic:
            query.append(("account", self._credentials.username))
            secrets["Authorization"] = self._credentials.basic
        url = realm + ("&" if "?" in realm else "?") + urlencode(query)
        return self._http.send("GET", url, headers={}, secrets=secrets)

    def _post(self, realm: str, service: str, scopes: list[str]) -> BaseHTTPResponse:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._credentials.identity_token,
            "service": service,
            "client_id": CLIENT,
            "scope": " ".join(scopes),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._http.send(
            "POST", realm, headers=headers, secrets={}, body=urlencode(form).encode()
        )


def _check_place(server: str, registry: str) -> None:
    """Raise Refused if a registry elsewhere has us ask this machine for a token.

    What answers there may be for those here alone, a cloud's metadata for one: and a token out of
    it would be shown to the registry.
    """
    if is_of_this_machine(server) and not is_of_this_machine(registry):
        raise failures.Refused(401, "", f"a token server on this machine: {server!r}")


def _decode(data: bytes) -> _Answer:
    try:
        return _ANSWER.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise failures.Refused(401, "", f"unable to decode token response: {err}") from err
