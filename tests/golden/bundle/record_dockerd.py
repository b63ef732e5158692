"""Record what dockerd gives to runc for the requests of this directory, as NAME.dockerd.json.

    python record_dockerd.py SOCKET STATE

SOCKET is a dockerd's, with the image busybox; STATE the directory of its containerd where bundles
are: …/io.containerd.runtime.v2.task/moby. The seccomp profile is left out, ids and paths are made
plain.
"""

import http.client
import json
import socket
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("docker")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def ask(path: str, method: str, target: str, body: str | None = None) -> Any:
    connection = _Connection(path)
    connection.request(method, f"/v1.51{target}", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    if response.status >= 300:
        raise SystemExit(f"{method} {target}: {text.decode()}")
    return json.loads(text or b"null")


def plain(config: dict[str, Any], container_id: str) -> dict[str, Any]:
    config["linux"].pop("seccomp", None)
    config["root"]["path"] = "rootfs"
    for mount in config["mounts"]:
        if container_id in mount["source"]:
            mount["source"] = "/containers/ID/" + mount["source"].rpartition("/")[2]
    text = json.dumps(config).replace(container_id[:12], "390f8ae98a18")
    config = json.loads(text)
    config["linux"]["cgroupsPath"] = "/docker/ID"
    return config


def record(dockerd: str, state: Path, request: Path) -> None:
    container_id = ask(dockerd, "POST", "/containers/create", request.read_text())["Id"]
    try:
        ask(dockerd, "POST", f"/containers/{container_id}/start")
        config = json.loads((state / container_id / "config.json").read_text())
    finally:
        ask(dockerd, "DELETE", f"/containers/{container_id}?force=1")
    if json.loads(request.read_text())["HostConfig"].get("Privileged"):
        del config["linux"]["devices"]  # whatever this host has
    name = request.name.removesuffix(".request.json")
    text = json.dumps(plain(config, container_id), indent=1)
    (HERE / f"{name}.dockerd.json").write_text(text + "\n")


if __name__ == "__main__":
    for path in sorted(HERE.glob("*.request.json")):
        record(sys.argv[1], Path(sys.argv[2]), path)
