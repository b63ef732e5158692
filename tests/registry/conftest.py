import hashlib
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import pytest
from msgspec.structs import replace

from seacan.registry import server
from seacan.registry.settings import Address, Settings

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_PATIENCE_S = 60


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The specification's word for what went wrong."""
        return str(self.json["errors"][0]["code"])


@dataclass
class Client:
    """Speaks to a registry on loopback, a connection for each request."""

    port: int

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            names = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, names, reply.read())
        finally:
            connection.close()

    def push_blob(self, repository: str, data: bytes) -> str:
        digest = sha256(data)
        path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
        answer = self.ask("POST", path, data, {"Content-Type": "application/octet-stream"})
        assert answer.status == 201, answer
        return digest

    def push_manifest(
        self, repository: str, reference: str, document: object, media_type: str = MANIFEST_TYPE
    ) -> str:
        data = json.dumps(document).encode()
        path = f"/v2/{repository}/manifests/{reference}"
        answer = self.ask("PUT", path, data, {"Content-Type": media_type})
        assert answer.status == 201, answer
        return answer.headers["docker-content-digest"]

    def push_image(self, repository: str, tag: str, layer: bytes, **more: object) -> str:
        """Push an image of one layer; return its manifest's digest."""
        return self.push_manifest(repository, tag, self.image(repository, layer, **more))

    def image(self, repository: str, layer: bytes, **more: object) -> dict[str, object]:
        """Push the blobs of an image; return its manifest."""
        for data in (b"{}", layer):
            self.push_blob(repository, data)
        return manifest(layer, **more)


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def descriptor(data: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}


def manifest(layer: bytes, **more: object) -> dict[str, object]:
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": descriptor(b"{}", "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(layer, "application/vnd.oci.image.layer.v1.tar")],
        **more,
    }


class Running(Client):
    """A registry in a thread of the test's process."""

    def __init__(self, settings: Settings) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._settings = settings
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=anyio.run, args=(self._serve,))
        super().__init__(self._listener.getsockname()[1])

    async def _serve(self) -> None:
        self._token = anyio.lowlevel.current_token()
        with server.opened(self._settings) as registry, anyio.CancelScope() as self._scope:
            self._is_ready.set()
            await server.serve(registry, self._listener)

    def start(self) -> None:
        self._thread.start()
        assert self._is_ready.wait(_PATIENCE_S)

    def stop(self) -> None:
        anyio.from_thread.run_sync(self._scope.cancel, token=self._token)
        self._thread.join(_PATIENCE_S)
        assert not self._thread.is_alive()
        self._listener.close()


@contextmanager
def running_registry(settings: Settings) -> Iterator[Running]:
    registry = Running(settings)
    registry.start()
    try:
        yield registry
    finally:
        registry.stop()


RegistryWith = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def registry_with(tmp_path: Path) -> RegistryWith:
    """Make a registry with other settings; always of the same directory."""
    plain = Settings(tmp_path / "registry", Address("127.0.0.1", 0))
    return lambda **changes: running_registry(replace(plain, **changes))


@pytest.fixture
def registry(registry_with: RegistryWith) -> Iterator[Running]:
    with registry_with() as registry:
        yield registry
