"""One repository of one registry: manifests, blobs, tags. Source: distribution-spec 1.1."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec
from urllib3 import BaseHTTPResponse

from seacan.errors import InvalidArgument, Unsupported
from seacan.images import documents, references
from seacan.images.remote import http
from seacan.images.remote.failures import Broken, Refused, delay_s
from seacan.images.remote.session import Session
from seacan.spec.image import INDEX_TYPES, MANIFEST_TYPES, Descriptor

T = TypeVar("T")

SCHEMA_1_TYPES: Final = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
_ACCEPTED: Final = ", ".join(sorted(MANIFEST_TYPES | INDEX_TYPES))
_MOST_TAGS: Final = 100_000
_MOST_TAG_PAGES: Final = 2000  # registries give at least 50 at a time
_TAGS_BYTES: Final = 16 << 20  # of all pages
_ATTEMPTS: Final = 3
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)")
_UPLOADED: Final = re.compile(r"(?:bytes=)?0-(\d{1,18})")
_NEXT_LINK: Final = re.compile(r'\s*<([^>]*)>\s*;\s*rel="?next"?')


class Fetched(msgspec.Struct, frozen=True):
    """A manifest or an index, as it came."""

    media_type: str
    digest: str
    data: bytes

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEX_TYPES


class _Kind(msgspec.Struct):
    mediaType: str | None = None
    schemaVersion: int | None = None
    config: object = None
    layers: object = None
    manifests: object = None


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


_KIND: Final = msgspec.json.Decoder(_Kind)
_TAGS: Final = msgspec.json.Decoder(_Tags)


class Repository:
    """`path`: the name without its domain. `retry_delay_s`: before a second try of a small one."""

    def __init__(
        self, session: Session, path: str, retry_delay_s: float, scopes: Iterable[str] = ()
    ) -> None:
        self._session = session
        self.path = path
        self._retry_delay_s = retry_delay_s
        self._scopes = tuple(scopes)  # beyond those of the session

    def sibling(self, path: str) -> "Repository":
        """Return another repository of the registry, to be read."""
        scopes = [f"repository:{path}:pull"]
        return Repository(self._session, path, self._retry_delay_s, scopes)

    # -- manifests ------------------------------------------------------------------------------

    def manifest_digest(self, name: str) -> str:
        """Return the digest of a tag, "" if the registry does not tell it so."""

        def ask() -> str:
            with self._session.request(
                "HEAD",
                f"{self.path}/manifests/{name}",
                headers={"Accept": _ACCEPTED},
                more_scopes=self._scopes,
            ) as response:
                return response.headers.get("Docker-Content-Digest", "")

        try:
            digest = self._retrying(ask)
        except Refused:
            return ""
        return digest if references.is_digest(digest) else ""

    def manifest(self, name: str) -> Fetched:
        """Return the manifest or index of a tag or digest.

        Raises InvalidArgument if it is none, or has another digest; Refused, Broken.
        """

        def fetch() -> tuple[str, str, bytes]:
            response = self._session.request(
                "GET",
                f"{self.path}/manifests/{name}",
                headers={"Accept": _ACCEPTED},
                more_scopes=self._scopes,
            )
            content_type = response.headers.get("Content-Type", "")
            told = response.headers.get("Docker-Content-Digest", "")
            return content_type, told, http.read(response, documents.LIMIT_BYTES, "manifest")

        content_type, told, data = self._retrying(fetch)
        digest = documents.digest(data)
        wanted = name if references.is_digest(name) else told
        if wanted.startswith("sha256:") and wanted != digest:
            raise InvalidArgument(f"manifest verification failed for digest {wanted}")
        return Fetched(_media_type(data, content_type), digest, data)

    def put_manifest(self, name: str, media_type: str, data: bytes) -> None:
        self._retrying(
            lambda: self._session.request(
                "PUT",
                f"{self.path}/manifests/{name}",
                headers={"Content-Type": media_type},
                body=data,
            ).close()
        )

    def tags(self) -> list[str]:
        """Return all tags, page by page; an empty page is the last.

        Raises Unsupported where they are too many, Refused, Broken.
        """
        tags: list[str] = []
        left_bytes = _TAGS_BYTES
        path = f"{self.path}/tags/list"
        for _ in range(_MOST_TAG_PAGES):
            response = self._session.request("GET", path)
            link = _NEXT_LINK.match(response.headers.get("Link", ""))
            data = http.read(response, left_bytes, "tags")
            page = self._tags_of(data)
            tags += page
            if not (page and link):
                return tags
            if len(tags) > _MOST_TAGS:
                break
            left_bytes -= len(data)
            path = http.joined(response.url or "", link[1])
        raise Unsupported(
            f"{self.path} has more than {_MOST_TAGS} tags, or more than {_MOST_TAG_PAGES} pages"
        )

    def _tags_of(self, page: bytes) -> list[str]:
        try:
            return _TAGS.decode(page).tags or []
        except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
            raise Broken(f"read tags of {self.path}: {err}") from err

    # -- blobs ----------------------------------------------------------------------------------

    def small_blob(self, descriptor: Descriptor, what: str) -> bytes:
        """Return a blob that is a document, verified. Raises InvalidArgument, Refused, Broken."""
        if descriptor["size"] > documents.LIMIT_BYTES:
            raise InvalidArgument(f"invalid {what}: longer than {documents.LIMIT_BYTES} bytes")

        def fetch() -> bytes:
            response = self._session.request("GET", f"{self.path}/blobs/{descriptor['digest']}")
            return http.read(response, descriptor["size"], what)

        data = self._retrying(fetch)
        if documents.digest(data) != descriptor["digest"]:
            raise InvalidArgument(f"{what} verification failed for digest {descriptor['digest']}")
        return data

    def open_blob(self, digest: str, offset: int) -> tuple[BaseHTTPResponse, int]:
        """Return an answer to be read, and the place in the blob that it begins at.

        That is `offset`, or 0 if the registry gives no part of a blob.
        """
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        response = self._session.request(
            "GET", f"{self.path}/blobs/{digest}", headers=headers, more_scopes=self._scopes
        )
        if response.status != 206:
            return response, 0
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if not found or int(found[1]) != offset:
            response.close()
            raise Broken(f"read blob {digest}: the registry sent another part than asked for")
        return response, offset

    def has_blob(self, digest: str) -> bool:
        path = f"{self.path}/blobs/{digest}"
        try:
            self._retrying(lambda: self._session.request("HEAD", path).close())
        except Refused as err:
            if err.status == 404:
                return False
            raise
        return True

    def begin_upload(self, digest: str, source: str = "") -> str:
        """Return where to send the blob; "" if it is there now, mounted from repository `source`.

        Raises Refused, Broken.
        """
        query = {"mount": digest, "from": source} if source else {}
        scopes = [f"repository:{source}:pull"] if source else []
        response = self._session.request(
            "POST",
            f"{self.path}/blobs/uploads/",
            query=query,
            body=b"",
            more_scopes=scopes,
        )
        response.close()
        return "" if response.status == 201 else _location(response)

    def upload(
        self, location: str, digest: str, size_bytes: int, pieces: Callable[[], Iterable[bytes]]
    ) -> None:
        """Send a blob to where begin_upload() said; `pieces` is called for each try."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size_bytes)}
        self._session.request(
            "PUT", location, query={"digest": digest}, headers=headers, body=pieces
        ).close()

    def upload_progress(self, location: str) -> tuple[int, str]:
        """Return how many bytes of an upload the registry has, and where to send what follows.

        Of one byte it cannot be told that it is not none, and so it is none.
        """
        response = self._session.request("GET", location)
        response.close()
        found = _UPLOADED.fullmatch(response.headers.get("Range", ""))
        last = int(found[1]) if found else 0
        return last + 1 if last else 0, _location(response, location)

    def append(
        self,
        location: str,
        offset: int,
        size_bytes: int,
        pieces: Callable[[], Iterable[bytes]],
    ) -> str:
        """Send a blob of `size_bytes` from `offset` on; return where to say that this was all."""
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size_bytes - offset),
            "Content-Range": f"{offset}-{size_bytes - 1}",
        }
        response = self._session.request("PATCH", location, headers=headers, body=pieces)
        response.close()
        return _location(response, location)

    def cancel_upload(self, location: str) -> None:
        self._session.request("DELETE", location).close()

    def _retrying(self, act: Callable[[], T]) -> T:
        for attempt in range(1, _ATTEMPTS):
            try:
                return act()
            except (Broken, Refused) as err:
                if isinstance(err, Refused) and not err.is_passing:
                    raise
                time.sleep(delay_s(err, attempt, self._retry_delay_s))
        return act()


def _location(response: BaseHTTPResponse, so_far: str = "") -> str:
    """Return where an upload goes on. Raises Broken if nobody has said."""
    location = response.headers.get("Location", "") or so_far
    if not location:
        raise Broken("begin an upload: the registry did not say where to")
    return http.joined(response.url or "", location)


def _media_type(data: bytes, content_type: str) -> str:
    """Return what the document is: both who says it must agree (CVE-2021-41190).

    Raises InvalidArgument, Unsupported.
    """
    told = content_type.partition(";")[0].strip().lower()
    try:
        kind = _KIND.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise InvalidArgument(f"invalid manifest: {err}") from err
    if told in SCHEMA_1_TYPES or kind.schemaVersion == 1:
        raise Unsupported(
            "the manifest is of Docker's schema 1, which is not supported: "
            "whoever made the image has to push it again, as schema 2 or OCI"
        )
    is_known = told in MANIFEST_TYPES | INDEX_TYPES
    if is_known and kind.mediaType and kind.mediaType != told:
        raise InvalidArgument(
            f"invalid manifest: the registry says {told}, the document {kind.mediaType}"
        )
    media_type = kind.mediaType or (told if is_known else "")
    is_image = kind.config is not None and kind.layers is not None
    is_index = kind.manifests is not None
    if is_image == is_index:
        raise InvalidArgument("invalid manifest: it is neither an image's nor an index")
    if not media_type:
        raise InvalidArgument("invalid manifest: nobody says of which media type it is")
    wanted = INDEX_TYPES if is_index else MANIFEST_TYPES
    if media_type not in wanted:
        raise Unsupported(f"unsupported media type {media_type}")
    return media_type
