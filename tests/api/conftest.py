import io
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio.from_thread
import pytest
from tests.calls import Answer, ask
from tests.descriptions.validation import complaints
from tests.fakes.engine import FakeEngine

from seacan.api import server
from seacan.api.door import Door
from seacan.api.versions import split_version
from seacan.http.limits import Limits
from seacan.http.server import Server
from seacan.version import API_VERSION

_PATIENCE_S = 60


@dataclass
class Api:
    """A server with a fake engine behind it, on a unix socket of its own."""

    engine: FakeEngine
    path: str

    def connect(self) -> socket.socket:
        return connect(self.path)

    def exchange(self, *pieces: bytes) -> bytes:
        """Send bytes, piece by piece, and return all that comes until the server closes."""
        with self.connect() as client:
            for piece in pieces:
                client.sendall(piece)
            return read_all(client)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        described: bool = True,
    ) -> Answer:
        """Send a request; its answer must be `described` in the version that it asks for."""
        answer = ask(self.path, method, path, body, headers)
        if described:
            _check(method, path, answer)
        return answer


def _check(method: str, path: str, answer: Answer) -> None:
    """Hold the answer against the published description of its version."""
    version, bare = split_version(unquote(path.partition("?")[0]))
    content_type = answer.headers.get("content-type", "")
    assert not complaints(
        version or API_VERSION, method, bare, answer.status, content_type, answer.body
    )


def connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(_PATIENCE_S)
    try:
        client.connect(path)
    except OSError:
        client.close()
        raise
    return client


def read_all(client: socket.socket) -> bytes:
    data = b""
    while piece := client.recv(65536):
        data += piece
    return data


def read_until(client: socket.socket, end: bytes) -> bytes:
    data = b""
    while end not in data:
        piece = client.recv(65536)
        assert piece, f"closed after {data!r}"
        data += piece
    return data


def chunks_of(answer: bytes) -> list[bytes]:
    """Return the chunks of an answer's body, as they were framed."""
    body, chunks = io.BytesIO(answer.partition(b"\r\n\r\n")[2]), []
    while size := int(body.readline(), 16):
        chunks.append(body.read(size))
        assert body.readline() == b"\r\n"
    return chunks


def bound_socket(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


@contextmanager
def running_api(path: Path, limits: Limits | None = None) -> Iterator[Api]:
    engine = FakeEngine()
    listener = bound_socket(path)
    door = Door(server.routes(engine))
    with anyio.from_thread.start_blocking_portal() as portal:
        served = portal.start_task_soon(
            Server(door, headers=[("Api-Version", "1.51")], limits=limits).serve, [listener]
        )
        try:
            yield Api(engine, str(path))
        finally:
            served.cancel()
            portal.call(anyio.lowlevel.checkpoint)
    listener.close()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Give a directory for sockets, whose paths have 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="sc-") as directory:
        yield Path(directory)


@pytest.fixture
def api(short_path: Path) -> Iterator[Api]:
    with running_api(short_path / "api.sock") as api:
        yield api


@pytest.fixture
def api_with(short_path: Path) -> Callable[[Limits], AbstractContextManager[Api]]:
    """Make a server with other limits."""
    return lambda limits: running_api(short_path / f"{uuid.uuid4().hex}.sock", limits)
