"""A registry that does as a test tells it to: whole, or breaking off, lying, refusing, redirecting.

    registry = FakeRegistry()
    with registry.serving():
        registry.add_image("a/b", "1", [layer])
        registry.faults["/blobs/"] = [Cut(1000), Status(503)]    # of the next requests, in order

It has its own token server at /token, which knows `bob` with `secret` and the identity `token`.
"""

import base64
import contextlib
import json
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.images import archives
from tests.images.archives import digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
BASIC = "Basic " + base64.b64encode(b"bob:secret").decode()


@dataclass(frozen=True)
class Cut:
    """The answer breaks off after so many bytes of its body."""

    after_bytes: int


@dataclass(frozen=True)
class Status:
    """An answer of this status instead."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Body:
    """Another body than the right one, or another type; without a length if `endless`."""

    data: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Hold:
    """The right answer, once the event is set."""

    event: threading.Event
    began: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Drip:
    """These bytes of an answer, and then one now and then, for as long as there is a client."""

    begin: bytes


Fault = Cut | Status | Body | Hold | Drip | None


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    query: dict[str, list[str]]


class FakeRegistry:
    def __init__(self, *, auth: Literal["", "basic", "token"] = "", ranges: bool = True) -> None:
        self.auth = auth
        self.ranges = ranges
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.asked: list[Asked] = []
        self.found: list[dict[str, Any]] | None = None  # by search
        self.token_answer: dict[str, Any] = {"token": "good"}
        self.mounts = True
        self.scheme = "http"
        self.port = 0
        self.lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    # -- content --------------------------------------------------------------------------------

    def add_blob(self, repository: str, data: bytes) -> str:
        self.blobs[repository, digest(data)] = data
        return digest(data)

    def add_manifest(
        self, repository: str, tag: str, document: object, media_type: str = MANIFEST
    ) -> str:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        for name in (tag, digest(data)):
            self.manifests[repository, name] = (media_type, data)
        return digest(data)

    def add_image(
        self,
        repository: str,
        tag: str,
        layers: Sequence[bytes],
        *,
        layer_type: str = LAYER,
        **config: Any,
    ) -> str:
        """Return the digest of the manifest."""
        document = archives.config(layers, **config)
        for blob in (document, *layers):
            self.add_blob(repository, blob)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": archives.descriptor(document, CONFIG),
            "layers": [archives.descriptor(layer, layer_type) for layer in layers],
        }
        return self.add_manifest(repository, tag, manifest)

    def add_index(self, repository: str, tag: str, platforms: dict[str, str]) -> str:
        """Add an index; `platforms`: `linux/arm/v7` → digest of a manifest that is there."""
        entries = []
        for platform, name in platforms.items():
            media_type, data = self.manifests[repository, name]
            fields = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
            entries.append(archives.descriptor(data, media_type) | {"platform": fields})
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        return self.add_manifest(repository, tag, index, INDEX)

    def asked_for(self, method: str, part: str) -> list[Asked]:
        return [one for one in self.asked if one.method == method and part in one.path]

    def fault(self, path: str) -> Fault:
        with self.lock:
            for part, faults in self.faults.items():
                if part in path and faults:
                    return faults.pop(0)
        return None

    # -- serving --------------------------------------------------------------------------------

    @contextlib.contextmanager
    def serving(
        self, certificate: Path | None = None, *, client_authority: Path | None = None
    ) -> Iterator["FakeRegistry"]:
        """Listen on a port of its own; with TLS if `certificate` has one, and its key.

        With `client_authority`, for clients alone that show a certificate of it.
        """
        server = _Server(self)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            if client_authority:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(client_authority)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            self.scheme = "https"
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, registry: FakeRegistry) -> None:
        self.registry = registry
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that break off are what the tests are about


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def _serve(self) -> None:
        registry = self.server.registry
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(parts.query)
        with registry.lock:
            registry.asked.append(Asked(self.command, parts.path, headers, query))
        fault = registry.fault(parts.path)
        if isinstance(fault, Status):
            self._read_body()
            self._answer(fault.status, fault.body, fault.headers)
            return
        if isinstance(fault, Body):
            self._answer(200, fault.data, {"Content-Type": fault.content_type})
            return
        if isinstance(fault, Drip):
            self._drip(fault.begin)
        if isinstance(fault, Hold):
            fault.began.set()
            fault.event.wait(60)
        cut = fault.after_bytes if isinstance(fault, Cut) else None
        if parts.path == "/token":
            self._token(query)
        elif parts.path.startswith("/v1/search"):
            self._search()
        elif self._is_let_in():
            self._registry(parts.path.removeprefix("/v2/"), query, cut)

    def _drip(self, begin: bytes) -> None:
        self._read_body()
        while True:
            self.wfile.write(begin)  # raises once the client has gone
            begin = b"x"
            time.sleep(0.01)

    def _is_let_in(self) -> bool:
        registry = self.server.registry
        shown = self.headers.get("Authorization", "")
        wanted = {"": shown, "basic": BASIC, "token": "Bearer good"}[registry.auth]
        if shown == wanted:
            return True
        self._read_body()
        realm = f'Bearer realm="{registry.url}/token",service="fake",scope="x:y:z"'
        challenge = realm if registry.auth == "token" else 'Basic realm="fake"'
        self._error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": challenge})
        return False

    def _token(self, query: dict[str, list[str]]) -> None:
        body = self._read_body()
        form = parse_qs(body.decode())
        shown = self.headers.get("Authorization", "")
        is_right = shown == BASIC or form.get("refresh_token") == ["token"]
        is_anonymous = not shown and not form
        if not is_right and not is_anonymous:
            self._answer(401, b'{"details":"incorrect username or password"}')
            return
        answer = dict(self.server.registry.token_answer)
        if "offline_token" in query:
            answer["refresh_token"] = "token"
        self._answer(200, json.dumps(answer).encode())

    def _search(self) -> None:
        found = self.server.registry.found
        if found is None:
            self._answer(404, b"404 page not found")
        else:
            self._answer(200, json.dumps({"results": found}).encode())

    def _registry(self, path: str, query: dict[str, list[str]], cut: int | None) -> None:
        registry = self.server.registry
        repository, _, rest = path.rpartition("/blobs/")
        if not path:
            self._answer(200, b"{}")
        elif "/manifests/" in path:
            repository, _, name = path.partition("/manifests/")
            self._manifest(repository, name, cut)
        elif path.endswith("/tags/list"):
            repository = path.removesuffix("/tags/list")
            tags = [t for name, t in registry.manifests if name == repository and ":" not in t]
            self._tags(repository, sorted(tags), query)
        elif path.endswith("/blobs/uploads/"):
            self._begin_upload(path.removesuffix("/blobs/uploads/"), query)
        elif rest.startswith("upload") or "/blobs/upload" in path:
            self._upload(path.partition("/blobs/")[0], query)
        else:
            self._blob(repository, rest, cut)

    def _manifest(self, repository: str, name: str, cut: int | None) -> None:
        registry = self.server.registry
        if self.command == "PUT":
            data = self._read_body()
            media_type = self.headers["Content-Type"]
            for key in (name, digest(data)):
                registry.manifests[repository, key] = (media_type, data)
            self._answer(201, b"", {"Docker-Content-Digest": digest(data)})
            return
        found = registry.manifests.get((repository, name))
        if found is None:
            self._error(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        media_type, data = found
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest(data)}
        self._answer(200, data, headers, cut)

    def _blob(self, repository: str, name: str, cut: int | None) -> None:
        registry = self.server.registry
        data = registry.blobs.get((repository, name))
        if data is None:
            self._error(404, "BLOB_UNKNOWN", "blob unknown to registry")
            return
        wanted = self.headers.get("Range", "")
        if wanted and registry.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            self._answer(206, data[start:], headers, cut)
        else:
            self._answer(200, data, {}, cut)

    def _tags(self, repository: str, tags: list[str], query: dict[str, list[str]]) -> None:
        last = query.get("last", [""])[0]
        page = [tag for tag in tags if tag > last][:2]
        headers = {}
        if page and page[-1] != tags[-1]:
            headers["Link"] = f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"'
        self._answer(200, json.dumps({"name": repository, "tags": page}).encode(), headers)

    def _begin_upload(self, repository: str, query: dict[str, list[str]]) -> None:
        registry = self.server.registry
        self._read_body()
        source, name = query.get("from", [""])[0], query.get("mount", [""])[0]
        if registry.mounts and (source, name) in registry.blobs:
            registry.blobs[repository, name] = registry.blobs[source, name]
            self._answer(201, b"")
        else:
            self._answer(202, b"", {"Location": f"/v2/{repository}/blobs/upload1?state=x"})

    def _upload(self, repository: str, query: dict[str, list[str]]) -> None:
        data = self._read_body()
        if self.command == "GET":  # it has no uploads of which only a part is there
            self._error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        elif query["digest"] != [digest(data)] or query["state"] != ["x"]:
            self._error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        else:
            self.server.registry.blobs[repository, digest(data)] = data
            self._answer(201, b"")

    def _read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _error(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._answer(status, body, headers)

    def _answer(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        cut: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True
