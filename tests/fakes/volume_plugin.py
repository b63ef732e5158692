"""A legacy volume plugin (v1): volumes below a directory. Plugins are served in a thread."""

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Protocol, TypeVar

Answer = dict[str, Any]


@dataclass
class VolumePlugin:
    """`errors` are what it answers to a method instead, `calls` what it was asked.

    `mounts` has the ids that have a volume mounted, by name.
    """

    root: Path
    implements: tuple[str, ...] = ("VolumeDriver",)
    scope: str = "local"
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    mounts: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)

    def answer(self, method: str, body: Answer) -> Answer:
        name = str(body.get("Name", ""))
        self.calls.append(f"{method.rpartition('.')[2]} {name}".strip())
        if method in self.errors:
            return {"Err": self.errors[method]}
        return self._methods[method](name, body)

    @property
    def _methods(self) -> dict[str, Callable[[str, Answer], Answer]]:
        return {
            "Plugin.Activate": lambda name, body: {"Implements": list(self.implements)},
            "VolumeDriver.Capabilities": lambda name, body: {"Capabilities": {"Scope": self.scope}},
            "VolumeDriver.Create": self._create,
            "VolumeDriver.Get": self._get,
            "VolumeDriver.List": self._list,
            "VolumeDriver.Mount": self._mount,
            "VolumeDriver.Path": lambda name, body: {"Mountpoint": str(self.root / name)},
            "VolumeDriver.Remove": self._remove,
            "VolumeDriver.Unmount": self._unmount,
        }

    def _create(self, name: str, body: Answer) -> Answer:
        (self.root / name).mkdir(exist_ok=True)
        self.options[name] = body.get("Opts") or {}
        return {"Err": ""}

    def _get(self, name: str, body: Answer) -> Answer:
        if name not in self.options:
            return {"Err": "no such volume here"}
        return {"Volume": self._shown(name) | {"Status": {"full": "no"}}}

    def _list(self, name: str, body: Answer) -> Answer:
        return {"Volumes": [self._shown(name) for name in self.options]}

    def _shown(self, name: str) -> Answer:
        place = str(self.root / name) if self.mounts.get(name) else ""
        return {"Name": name, "Mountpoint": place}

    def _mount(self, name: str, body: Answer) -> Answer:
        self.mounts.setdefault(name, []).append(body["ID"])
        return {"Mountpoint": str(self.root / name)}

    def _unmount(self, name: str, body: Answer) -> Answer:
        with contextlib.suppress(ValueError):
            self.mounts.get(name, []).remove(body["ID"])
        return {}

    def _remove(self, name: str, body: Answer) -> Answer:
        del self.options[name]
        return {}


class Plugin(Protocol):
    def answer(self, method: str, body: Answer) -> Answer:
        """Return what it answers; `Err` in it is an error."""


P = TypeVar("P", bound=Plugin)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextlib.contextmanager
def serving(plugin: P, socket: Path) -> Iterator[P]:
    """Serve `plugin` at `socket` until the end of the `with`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            answer = plugin.answer(self.path.lstrip("/"), body)
            data = json.dumps(answer).encode()
            self.send_response(500 if answer.get("Err") else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def address_string(self) -> str:
            return ""

    socket.parent.mkdir(parents=True, exist_ok=True)
    with _Server(str(socket), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield plugin
        finally:
            server.shutdown()
            thread.join()
            socket.unlink()
