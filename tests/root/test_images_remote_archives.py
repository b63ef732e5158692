"""import from a URL: what is asked of whom, and how it fails."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seacan.errors import (
    Forbidden,
    Internal,
    InvalidArgument,
    NotFound,
    SeacanError,
    Unauthorized,
)
from seacan.images.remote.archives import open_archive
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation, Cancelled

pytestmark = pytest.mark.root

CONTENT = bytes(range(256)) * 1000
SETTINGS = RegistrySettings(directories=())


class Server(ThreadingHTTPServer):
    """/archive, /endless (no length), /cut, /status/N, /to/URL (a redirect); keeps who asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.shown: list[tuple[str, str | None]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.shown.append((self.path, self.headers["Authorization"]))
        _, kind, *rest = self.path.split("/", 2)
        status = {"status": int(rest[0]) if kind == "status" else 0, "to": 302}.get(kind, 200)
        self.send_response(status)
        if kind == "to":
            self.send_header("Location", rest[0])
        if kind in ("archive", "cut"):
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if status == 200:
            self.wfile.write(CONTENT[:1000] if kind == "cut" else CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def fetch(url: str) -> tuple[str, int, bytes]:
    with open_archive(SETTINGS, url, Cancellation()) as archive:
        return archive.url, archive.size_bytes, archive.stream.read()


def test_with_and_without_a_length_or_a_scheme(server: Server) -> None:
    url = f"http://{server.host}"

    assert fetch(f"{url}/archive") == (f"{url}/archive", len(CONTENT), CONTENT)
    assert fetch(f"{url}/endless") == (f"{url}/endless", 0, CONTENT)
    assert fetch(f"{server.host}/archive") == (f"{url}/archive", len(CONTENT), CONTENT)


def test_a_password_is_for_its_host_alone(server: Server) -> None:
    with serving() as other:
        url = f"http://bob:sec%40ret@{server.host}/to/http://{other.host}/archive"

        shown, _, content = fetch(url)

        assert (shown, content) == (url.replace("bob:sec%40ret@", ""), CONTENT)
        assert [who for _, who in server.shown] == ["Basic Ym9iOnNlY0ByZXQ="]
        assert other.shown == [("/archive", None)]


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("ftp://HOST/x", InvalidArgument, 'unsupported protocol scheme "ftp"'),
        ("file:///etc/passwd", InvalidArgument, 'unsupported protocol scheme "file"'),
        ("unix:///run/docker.sock", InvalidArgument, 'unsupported protocol scheme "unix"'),
        ("http://", InvalidArgument, "invalid URL"),
        ("http://HOST/a\r\nX: y", InvalidArgument, "invalid URL"),
        ("http://HOST/to/file:///etc/passwd", Internal, "to no HTTP URL"),
        ("http://HOST/to/unix:///run/docker.sock", Internal, "to no HTTP URL"),
        ("http://HOST/status/400", InvalidArgument, "with status 400 Bad Request"),
        ("http://HOST/status/401", Unauthorized, "with status 401 Unauthorized"),
        ("http://HOST/status/403", Forbidden, "with status 403 Forbidden"),
        ("http://HOST/status/404", NotFound, "with status 404 Not Found"),
        ("http://HOST/status/500", Internal, "with status 500 Internal Server Error"),
        ("http://127.0.0.1:1/x", Internal, "connect: connection refused"),
        ("http://HOST/cut", Internal, "unexpected EOF"),
    ],
)
def test_refused(server: Server, url: str, kind: type[SeacanError], words: str) -> None:
    with pytest.raises(kind, match=words):
        fetch(url.replace("HOST", server.host))


def test_who_goes_away_ends_it(server: Server) -> None:
    gone = Cancellation()
    with open_archive(SETTINGS, f"http://{server.host}/archive", gone) as archive:
        gone.cancel()
        with pytest.raises(Cancelled):
            archive.stream.read()
