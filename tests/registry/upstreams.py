"""A registry to be behind a cache, that does what a test tells it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.registry.conftest import MANIFEST_TYPE, sha256

PATIENCE_S = 60


@dataclass
class Upstream:
    """`files`: path below /v2/ → content. `hold`: where an answer waits, once half was sent."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    port: int = 0
    hold: threading.Event | None = None
    half_sent: threading.Event = field(default_factory=threading.Event)
    spoil: Callable[[bytes], bytes] = bytes
    status: int = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add_blob(self, repository: str, data: bytes) -> str:
        self.files[f"{repository}/blobs/{sha256(data)}"] = data
        return sha256(data)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.removeprefix("/v2/").partition("?")[0]
        self.asked[f"{handler.command} {path}"] += 1
        data = self.files.get(path)
        if data is None or self.status != 200:
            handler.send_response(404 if self.status == 200 else self.status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(200)
        handler.send_header("Content-Type", MANIFEST_TYPE)
        handler.send_header("Docker-Content-Digest", sha256(data))
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if handler.command != "HEAD":
            self._send(handler, self.spoil(data))

    def _send(self, handler: BaseHTTPRequestHandler, data: bytes) -> None:
        middle = len(data) // 2
        handler.wfile.write(data[:middle])
        handler.wfile.flush()
        self.half_sent.set()
        if self.hold:
            assert self.hold.wait(PATIENCE_S)
        handler.wfile.write(data[middle:])


@contextmanager
def running_upstream() -> Iterator[Upstream]:
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            upstream.answer(self)

        def do_HEAD(self) -> None:
            upstream.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    upstream.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield upstream
    finally:
        if upstream.hold:
            upstream.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
