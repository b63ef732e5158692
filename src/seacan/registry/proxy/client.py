"""The other registry over HTTP, as somebody without a password.

Source: distribution-spec 1.1; distribution, "Token Authentication Specification".
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from seacan.errors import InvalidArgument
from seacan.registry.document import LIMIT_BYTES
from seacan.registry.proxy.upstream import Arriving, Fetched, Missing, Unreachable
from seacan.spec.image import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Index
from seacan.version import VERSION

try:
    import urllib3
except ImportError as err:
    raise InvalidArgument("--proxy needs urllib3: pip install 'seacan[registry]'") from err

T = TypeVar("T")

_ACCEPT: Final = {"Accept": ", ".join(sorted(MANIFEST_TYPES | INDEX_TYPES))}
_PIECE_BYTES: Final = 1 << 20
_ANSWER_BYTES: Final = 16 << 20
_MOST_PAGES: Final = 100
_LEAST_LIFETIME_S: Final = 60
_EARLY_S: Final = 10
_FIELD: Final = re.compile(r'(\w+)="([^"]*)"')


class _Token(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: int = _LEAST_LIFETIME_S


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class Client:
    """An Upstream at `url`, as `https://registry.example`. Redirects carry no token elsewhere."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(
            headers={"User-Agent": f"seacan/{VERSION}"},
            timeout=urllib3.Timeout(connect=15, read=60),
            retries=urllib3.Retry(connect=1, read=0, redirect=5, other=0, status=0),
            maxsize=8,
        )
        self._guard = threading.Lock()
        self._tokens: dict[str, tuple[str, float]] = {}  # by repository: token, good until

    def tag_digest(self, repository: str, tag: str) -> str:
        with self._asked("HEAD", repository, f"manifests/{tag}", _ACCEPT) as response:
            return response.headers.get("Docker-Content-Digest", "")

    def manifest(self, repository: str, reference: str) -> Fetched:
        with self._asked("GET", repository, f"manifests/{reference}", _ACCEPT) as response:
            digest = response.headers.get("Docker-Content-Digest", "")
            media_type = response.headers.get("Content-Type", "")
            return Fetched(_read(response, LIMIT_BYTES), media_type, digest)

    def blob_size(self, repository: str, digest: str) -> int:
        with self._asked("HEAD", repository, f"blobs/{digest}") as response:
            return _length(response)

    @contextmanager
    def blob(self, repository: str, digest: str) -> Iterator[Arriving]:
        with self._asked("GET", repository, f"blobs/{digest}") as response:
            yield Arriving(_length(response), _pieces(response))

    def tags(self, repository: str, after: str, count: int) -> tuple[list[str], bool]:
        query = urlencode({"n": count, **({"last": after} if after else {})})
        with self._asked("GET", repository, f"tags/list?{query}") as response:
            found = _decode(_read(response, _ANSWER_BYTES), _Tags).tags or []
            has_more = "Link" in response.headers or len(found) > count
        return found[:count], has_more

    def referrers(self, repository: str, subject: str) -> list[Descriptor]:
        try:
            return self._listed_referrers(repository, subject)
        except Missing:
            pass
        try:
            # Source: distribution-spec 1.1, "Referrers Tag Schema".
            tagged = self.manifest(repository, subject.replace(":", "-")[: 7 + 64])
        except Missing:
            return []
        return _decode(tagged.data, Index).get("manifests", [])

    def _listed_referrers(self, repository: str, subject: str) -> list[Descriptor]:
        found: list[Descriptor] = []
        query = ""
        for _ in range(_MOST_PAGES):
            path = f"referrers/{subject}{query}"
            with self._asked("GET", repository, path) as response:
                found += _decode(_read(response, _ANSWER_BYTES), Index).get("manifests", [])
                link = re.search(r"<[^>?]*(\?[^>]*)>", response.headers.get("Link", ""))
            if not link:
                break
            query = link[1]
        return found

    @contextmanager
    def _asked(
        self, method: str, repository: str, path: str, headers: Mapping[str, str] | None = None
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Yield an answer of status 200, its body not read."""
        url = f"{self._url}/v2/{repository}/{path}"
        try:
            response = self._send(method, url, repository, headers or {})
            try:
                _check(response, f"{method} {url}")
                yield response
                response.drain_conn()  # so that it may carry the next request
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as err:
            raise Unreachable(f"{method} {url}: {err}") from err

    def _send(
        self, method: str, url: str, repository: str, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        shown = self._known_token(repository)
        response = self._pool.request(
            method, url, headers={**headers, **shown}, preload_content=False
        )
        if response.status != 401:
            return response
        challenge = response.headers.get("WWW-Authenticate", "")
        response.close()
        shown = self._new_token(challenge, repository)
        return self._pool.request(method, url, headers={**headers, **shown}, preload_content=False)

    def _known_token(self, repository: str) -> dict[str, str]:
        with self._guard:
            token, until = self._tokens.get(repository, ("", 0.0))
        return {"Authorization": f"Bearer {token}"} if time.monotonic() < until else {}

    def _new_token(self, challenge: str, repository: str) -> dict[str, str]:
        """Get a token as the other registry says. Raises Missing, Unreachable."""
        fields = dict(_FIELD.findall(challenge))
        realm = urlsplit(fields.get("realm", ""))
        if not challenge.lower().startswith("bearer ") or realm.scheme not in ("http", "https"):
            raise Missing(f"{self._url} asks for a password: {challenge[:200]}")
        if realm.scheme == "http" and self._url.startswith("https:"):
            raise Missing(f"{self._url} gives tokens without TLS: {fields['realm'][:200]}")
        query = urlencode(
            {"service": fields.get("service", ""), "scope": f"repository:{repository}:pull"}
        )
        url = f"{fields['realm']}{'&' if realm.query else '?'}{query}"
        response = self._pool.request("GET", url, preload_content=False)
        try:
            _check(response, f"GET {fields['realm']}")
            answer = _decode(_read(response, _ANSWER_BYTES), _Token)
        finally:
            response.close()
        token = answer.token or answer.access_token
        lifetime_s = max(answer.expires_in, _LEAST_LIFETIME_S) - _EARLY_S
        with self._guard:
            if len(self._tokens) >= 1000:
                self._tokens.clear()
            self._tokens[repository] = (token, time.monotonic() + lifetime_s)
        return {"Authorization": f"Bearer {token}"}


def _check(response: urllib3.BaseHTTPResponse, what: str) -> None:
    if response.status == 200:
        return
    if response.status in (401, 403, 404):
        raise Missing(f"{what}: {response.status}")
    raise Unreachable(f"{what}: {response.status}")


def _length(response: urllib3.BaseHTTPResponse) -> int:
    length = response.headers.get("Content-Length", "")
    if not re.fullmatch("[0-9]{1,18}", length):
        raise Unreachable("the other registry does not say how long a blob is")
    return int(length)


def _pieces(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    while piece := response.read(_PIECE_BYTES, decode_content=False):
        yield piece


def _read(response: urllib3.BaseHTTPResponse, limit_bytes: int) -> bytes:
    data = response.read(limit_bytes + 1, decode_content=False)
    if len(data) > limit_bytes:
        raise Unreachable(f"an answer longer than {limit_bytes} bytes")
    return data


def _decode(data: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise Unreachable(f"an answer that is none: {err}") from err
