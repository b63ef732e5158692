"""Debian's docker-registry, on a port of its own: the registry that everyone has."""

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import wait_until
from tests.ports import free_port

# Of `bob` and `secret`, bcrypt: docker-registry takes nothing else.
HTPASSWD = "bob:$2b$04$rbDM71dMcrCWXVxwYADKU.1erIZpIKyPfmwTA56w55b3lmPcCu3tK\n"


@dataclass(frozen=True)
class DockerRegistry:
    host: str
    log: Path

    def request(self, method: str, path: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path)
            reply = connection.getresponse()
            data = reply.read()
        return reply.status, json.loads(data) if data else None


def certificate(directory: Path) -> tuple[Path, Path]:
    """Return a new certificate for 127.0.0.1, signed by itself, and its key."""
    cert, key = directory / "server.crt", directory / "server.key"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=registry", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


@contextlib.contextmanager
def docker_registry(
    directory: Path, *, htpasswd: bool = False, tls: tuple[Path, Path] | None = None
) -> Iterator[DockerRegistry]:
    """Run one that keeps its content in `directory`; skips the test where there is none."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("there is no docker-registry here")
    directory.mkdir(exist_ok=True)
    host = f"127.0.0.1:{free_port()}"
    settings: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}},
        "http": {"addr": host},
    }
    if htpasswd:
        (directory / "htpasswd").write_text(HTPASSWD)
        settings["auth"] = {"htpasswd": {"realm": "x", "path": str(directory / "htpasswd")}}
    if tls:
        settings["http"]["tls"] = {"certificate": str(tls[0]), "key": str(tls[1])}
    (directory / "config.yml").write_text(json.dumps(settings))  # JSON is YAML
    log = directory / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, "serve", str(directory / "config.yml")], stdout=out, stderr=out
        )
    try:
        wait_until(lambda: _listens(host), f"docker-registry to listen; {log.read_text()}")
        yield DockerRegistry(host, log)
    finally:
        process.kill()
        process.wait()


def _listens(host: str) -> bool:
    name, _, port = host.partition(":")
    try:
        socket.create_connection((name, int(port)), 1).close()
    except OSError:
        return False
    return True
