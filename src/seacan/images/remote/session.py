"""One registry at one endpoint, asked as one client."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar
from urllib.parse import urlencode, urljoin

from urllib3 import BaseHTTPResponse

from seacan import log
from seacan.errors import SeacanError
from seacan.images.remote.authorization import Authorization
from seacan.images.remote.endpoints import Endpoint
from seacan.images.remote.failures import Broken, NoCredentials, Refused
from seacan.images.remote.http import Http, origin

T = TypeVar("T")


class Session:
    def __init__(self, http: Http, endpoint: Endpoint, authorization: Authorization) -> None:
        self._http = http
        self.endpoint = endpoint
        self.authorization = authorization

    def ping(self) -> None:
        """Learn whether the registry is there, and how it wants to know who asks.

        Raises Broken if there is none.
        """
        try:
            response = self._send("GET", f"{self.endpoint.url}/", {}, None)
        except Refused as err:
            if err.status not in (401, 404):
                raise
        else:
            response.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | Callable[[], Iterable[bytes]] | None = None,
        more_scopes: Iterable[str] = (),
    ) -> BaseHTTPResponse:
        """Return an answer below 400, its body not read.

        `path` follows /v2, or is a URL that the registry gave. A `body` that is a function is
        called for each try. Raises Refused, Broken, NoCredentials.
        """
        url = self._url(path, query or {})
        shown = self._shown(url, more_scopes)
        try:
            return self._send(method, url, headers or {}, body, shown)
        except Refused as err:
            if err.status != 401 or not self._is_own(url):
                raise
            # What the token is for may not suffice, or it may have ended early.
            self.authorization.forget_tokens()
            again = self._shown(url, more_scopes)
            if again == shown:
                raise
            return self._send(method, url, headers or {}, body, again)

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Callable[[], Iterable[bytes]] | None,
        shown: Mapping[str, str] | None = None,
    ) -> BaseHTTPResponse:
        is_own = self._is_own(url)
        try:
            return self._http.send(
                method,
                url,
                tls=self.endpoint.tls if is_own else None,
                headers=headers,
                secrets={**self.endpoint.headers, **(shown or {})} if is_own else {},
                body=body() if callable(body) else body,
            )
        except Refused as err:
            if err.challenge and is_own:
                self.authorization.challenge(err.challenge)
            raise

    def _shown(self, url: str, more_scopes: Iterable[str]) -> dict[str, str]:
        return self.authorization.header(url, more_scopes) if self._is_own(url) else {}

    def _is_own(self, url: str) -> bool:
        return origin(url) == origin(self.endpoint.url)

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        url = urljoin(f"{self.endpoint.url}/", path)
        if self.endpoint.namespace:
            query = {**query, "ns": self.endpoint.namespace}
        if not query:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def first_that_can(sessions: Iterable[Session], use: Callable[[Session], T]) -> T:
    """Return what `use` makes of the first session that works.

    A mirror that fails is passed over, and a registry that cannot be spoken to over TLS is asked
    without, if it may be: but not once it has spoken TLS. Raises the last failure.
    """
    encrypted: set[str] = set()
    failure: Exception | None = None
    for session in sessions:
        endpoint = session.endpoint
        if not endpoint.is_encrypted and endpoint.host in encrypted:
            continue
        try:
            session.ping()
            if endpoint.is_encrypted:
                encrypted.add(endpoint.host)
            return use(session)
        except Broken as err:
            failure = err
            _tell_of_mirror(endpoint, err)
        except (Refused, NoCredentials, SeacanError) as err:
            if not endpoint.is_mirror:
                raise
            failure = err
            _tell_of_mirror(endpoint, err)
    assert failure is not None  # there is an endpoint, and it has failed
    raise failure


def _tell_of_mirror(endpoint: Endpoint, err: Exception) -> None:
    """Log it: who asked does not notice that a mirror has failed."""
    if endpoint.is_mirror:
        log.warn("mirror failed", mirror=endpoint.url, error=str(err))
