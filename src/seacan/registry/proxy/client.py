"""The other registry over HTTP, with one name and password for all who ask here, or with none.

Source: distribution-spec 1.1.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from seacan.images.remote import certificates, http
from seacan.images.remote.authorization import Authorization
from seacan.images.remote.credentials import Credentials
from seacan.images.remote.endpoints import Endpoint
from seacan.images.remote.failures import Broken, NoCredentials, Refused
from seacan.images.remote.http import Http
from seacan.images.remote.session import Session
from seacan.images.remote.settings import RegistrySettings
from seacan.registry.document import LIMIT_BYTES
from seacan.registry.proxy.upstream import Arriving, Fetched, Missing, Unreachable
from seacan.spec.image import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Index

T = TypeVar("T")

_ACCEPT: Final = {"Accept": ", ".join(sorted(MANIFEST_TYPES | INDEX_TYPES))}
_PIECE_BYTES: Final = 1 << 20
_ANSWER_BYTES: Final = 16 << 20  # of referrers: all pages
_MOST_PAGES: Final = 100
_MOST_SESSIONS: Final = 1000
_MISSING: Final = (401, 403, 404)
_LINK: Final = re.compile(r"<[^<>?]*+(\?[^<>]*+)>")  # what comes of a hostile one takes no time


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class Client:
    """An Upstream at `url`, as `https://registry.example`."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        settings = RegistrySettings()
        host = urlsplit(url).netloc
        tls = certificates.find(settings.directories, host, verify=True)
        self._endpoint = Endpoint(f"{url.rstrip('/')}/v2", tls)
        self._credentials = credentials
        self._http = Http(settings)
        self._guard = threading.Lock()
        self._sessions: dict[str, Session] = {}  # by repository: what a token is for

    def tag_digest(self, repository: str, tag: str) -> str:
        with self._asked("HEAD", repository, f"manifests/{tag}", headers=_ACCEPT) as response:
            return response.headers.get("Docker-Content-Digest", "")

    def manifest(self, repository: str, reference: str) -> Fetched:
        with self._asked("GET", repository, f"manifests/{reference}", headers=_ACCEPT) as response:
            digest = response.headers.get("Docker-Content-Digest", "")
            media_type = response.headers.get("Content-Type", "")
            return Fetched(http.read(response, LIMIT_BYTES, "manifest"), media_type, digest)

    def blob_size(self, repository: str, digest: str) -> int:
        with self._asked("HEAD", repository, f"blobs/{digest}") as response:
            return _length(response)

    @contextmanager
    def blob(self, repository: str, digest: str) -> Iterator[Arriving]:
        with self._asked("GET", repository, f"blobs/{digest}") as response:
            yield Arriving(_length(response), _pieces(response))

    def tags(self, repository: str, after: str, count: int) -> tuple[list[str], bool]:
        query = {"n": str(count), **({"last": after} if after else {})}
        with self._asked("GET", repository, "tags/list", query=query) as response:
            found = _decode(response, _Tags).tags or []
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
        return _decoded(tagged.data, Index).get("manifests", [])

    def _listed_referrers(self, repository: str, subject: str) -> list[Descriptor]:
        found: list[Descriptor] = []
        left_bytes = _ANSWER_BYTES
        query = ""
        for _ in range(_MOST_PAGES):
            with self._asked("GET", repository, f"referrers/{subject}{query}") as response:
                data = http.read(response, left_bytes, "referrers")
                link = _LINK.search(response.headers.get("Link", ""))
            page = _decoded(data, Index).get("manifests", [])
            found += page
            if not (page and link):
                break
            left_bytes -= len(data)
            query = link[1]
        return found

    @contextmanager
    def _asked(
        self,
        method: str,
        repository: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[BaseHTTPResponse]:
        """Yield an answer of status 200, its body not read."""
        what = f"{method} {self._endpoint.url}/{repository}/{path}"
        try:
            with self._session(repository).request(
                method, f"{repository}/{path}", query=query, headers=headers
            ) as response:
                if response.status != 200:
                    raise Unreachable(f"{what}: {response.status}")
                yield response
                response.drain_conn()  # so that it may carry the next request
        except Refused as err:
            kind = Missing if err.status in _MISSING else Unreachable
            raise kind(f"{what}: {err.status} {err}") from err
        except NoCredentials as err:
            raise Missing(f"{what}: {err}") from err
        except (Broken, HTTPError) as err:
            raise Unreachable(f"{what}: {err}") from err

    def _session(self, repository: str) -> Session:
        with self._guard:
            if repository not in self._sessions:
                if len(self._sessions) >= _MOST_SESSIONS:
                    self._sessions.clear()
                scopes = [f"repository:{repository}:pull"]
                authorization = Authorization(self._http, self._credentials, scopes)
                self._sessions[repository] = Session(self._http, self._endpoint, authorization)
            return self._sessions[repository]


def _length(response: BaseHTTPResponse) -> int:
    length = response.headers.get("Content-Length", "")
    if not re.fullmatch("[0-9]{1,18}", length):
        raise Unreachable("the other registry does not say how long a blob is")
    return int(length)


def _pieces(response: BaseHTTPResponse) -> Iterator[bytes]:
    while piece := response.read(_PIECE_BYTES):
        yield piece


def _decode(response: BaseHTTPResponse, shape: type[T]) -> T:
    return _decoded(http.read(response, _ANSWER_BYTES, "answer"), shape)


def _decoded(data: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise Unreachable(f"an answer that is none: {err}") from err
