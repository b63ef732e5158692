"""An engine to measure: one keep-alive connection to its socket, and the two images of the work."""

import base64
import http.client
import io
import json
import socket
import struct
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from bench.images import Archive

from seacan.elf.programs import program

API: Final = "/v1.41"
BUSYBOX: Final = "seacan-bench-busybox"
HELLO: Final = "seacan-bench-hello"


class Engine:
    def __init__(
        self, name: str, host: str, archives: Sequence[Archive] = (), registry: str = ""
    ) -> None:
        """`registry`: the kind that images are pushed to, and pulled from; see registries.py."""
        scheme, _, path = host.partition("://")
        if scheme != "unix":
            raise SystemExit(f"{name}: {host!r} is no unix:// address")
        self.name = name
        self.host = host
        self.path = path
        self.archives = archives
        self.registry = registry
        self._connection = _UnixConnection(path)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the decoded answer; anything but success ends the measurement."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if data else {}
        self._connection.request(method, API + path, data, headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{self.name}: {method} {path}: {response.status} {text.decode()}")
        is_json = response.getheader("Content-Type", "").startswith("application/json")
        return json.loads(text) if is_json and text else text

    def version(self) -> str:
        answer = self.call("GET", "/version")
        parts = [f"{part['Name']} {part['Version']}" for part in answer.get("Components", ())]
        return ", ".join(parts) or str(answer["Version"])

    def create(self, *command: str, image: str = BUSYBOX, **host_config: Any) -> str:
        body = {
            "Image": image,
            "Cmd": command,
            "ExposedPorts": {port: {} for port in host_config.get("PortBindings", ())},
            "HostConfig": {"NetworkMode": "none", **host_config},
        }
        return str(self.call("POST", "/containers/create", body)["Id"])

    def run(self, *command: str) -> str:
        """Create and start, and return the container's id."""
        container = self.create(*command)
        self.call("POST", f"/containers/{container}/start")
        return container

    def remove(self, container: str) -> None:
        self.call("DELETE", f"/containers/{container}?force=1&v=1")

    def owner(self) -> int:
        """Return the pid of the process that listens on the socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(self.path)
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", credentials)[0])

    def load_images(self) -> None:
        busybox = Path("/bin/busybox").read_bytes()
        links = {f"bin/{name}": "busybox" for name in ("sh", "true", "sleep", "cat", "yes", "head")}
        self._import(BUSYBOX, _tar({"bin/busybox": busybox}, links), "CMD sh")
        self._import(HELLO, _tar({"hello": program("hello", "amd64")}, {}), 'CMD ["/hello"]')

    def load(self, archive: Path) -> None:
        """Load an archive of docker save."""
        with archive.open("rb") as file:
            size = str(archive.stat().st_size)
            headers = {"Content-Type": "application/x-tar", "Content-Length": size}
            self._connection.request("POST", f"{API}/images/load?quiet=1", file, headers)
            answer = self._connection.getresponse().read()
        if b"error" in answer:
            raise RuntimeError(f"{self.name}: load {archive}: {answer.decode()}")

    def save(self, image: str) -> int:
        """Save an image, and return how many bytes that was."""
        self._connection.request("GET", f"{API}/images/{image}/get")
        response = self._connection.getresponse()
        count = 0
        while piece := response.read(1 << 20):
            count += len(piece)
        return count

    def push(self, name: str) -> None:
        """Push an image to the registry in its name."""
        self._transfer(f"/images/{name}/push", f"push {name}")

    def pull(self, name: str) -> None:
        """Pull an image from the registry in its name."""
        self._transfer(f"/images/create?{urlencode({'fromImage': name})}", f"pull {name}")

    def _transfer(self, path: str, what: str) -> None:
        nobody = base64.urlsafe_b64encode(b"{}").decode()
        self._connection.request("POST", API + path, headers={"X-Registry-Auth": nobody})
        answer = self._connection.getresponse().read()
        if b'"error"' in answer:
            raise RuntimeError(f"{self.name}: {what}: {answer.decode()}")

    def remove_images(self) -> None:
        for image in (BUSYBOX, HELLO):
            self.call("DELETE", f"/images/{image}?force=1")

    def send(self, path: str, archive: bytes) -> bytes:
        """POST an archive; return the whole answer."""
        headers = {"Content-Type": "application/x-tar"}
        self._connection.request("POST", API + path, archive, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{self.name}: POST {path}: {response.status} {answer.decode()}")
        return answer

    def _import(self, name: str, archive: bytes, change: str) -> None:
        query = urlencode({"fromSrc": "-", "repo": name, "tag": "latest", "changes": change})
        answer = self.send(f"/images/create?{query}", archive)
        if b"error" in answer:
            raise RuntimeError(f"{self.name}: import {name}: {answer.decode()}")


def timed(seconds: dict[str, float], phase: str) -> "_Timed":
    """Return a context that writes how long it took to `seconds[phase]`."""
    return _Timed(seconds, phase)


class _Timed:
    def __init__(self, seconds: dict[str, float], phase: str) -> None:
        self._seconds, self._phase = seconds, phase

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._phase] = time.perf_counter() - self._start


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _tar(files: dict[str, bytes], links: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
        for name, target in links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return buffer.getvalue()
