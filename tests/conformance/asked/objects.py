"""The same objects on each engine that is asked: made alike, under names that are its own.

The names are the same on all, so that sentences can be compared as they are.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.conformance.asked.ask import Ask
from tests.conformance.asked.http import Answer, send
from tests.daemon import wait_until

_WORD: Final = re.compile(r"\{(\w+)\}")
_SLEEP: Final = ["sleep", "600"]

# What a create request can say, as far as both engines can do it; nothing needs the host's network.
FULL: Final[dict[str, Any]] = {
    "Domainname": "example.com", "User": "1000:1000", "WorkingDir": "/tmp",
    "Env": ["A=1", "B"], "Cmd": ["a b", "c"], "Entrypoint": ["/bin/echo"],
    "Labels": {"one": "1"}, "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/anonymous": {}},
    "StopSignal": "SIGINT", "StopTimeout": 3, "OpenStdin": True, "StdinOnce": True,
    "AttachStdout": True,
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 3600_000_000_000, "Timeout": 0,
                    "Retries": 2},
    "Shell": "/bin/sh",
    "HostConfig": {
        "NetworkMode": "none", "Binds": ["/etc/hostname:/bound:ro"], "Tmpfs": {"/t": "size=1m"},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2},
        "CapAdd": ["NET_ADMIN"], "CapDrop": "MKNOD", "Dns": ["192.0.2.1"],
        "DnsSearch": ["example.com"], "DnsOptions": ["ndots:2"], "ExtraHosts": ["h:192.0.2.2"],
        "GroupAdd": ["5"], "IpcMode": "private", "PidMode": "host", "UTSMode": "host",
        "CgroupnsMode": "host", "OomScoreAdj": 100, "ReadonlyRootfs": True, "Init": True,
        "SecurityOpt": ["seccomp=unconfined"], "ShmSize": 1 << 20,
        "Sysctls": {"kernel.sem": "1 2 3 4"},
        "CpuShares": 512, "Memory": 64 << 20, "MemorySwap": 128 << 20, "PidsLimit": 50,
        "MemoryReservation": 32 << 20, "NanoCpus": 500_000_000, "CpusetCpus": "0",
        "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x",
                     "CgroupPermissions": "r"}],
        "DeviceCgroupRules": ["c 1:3 r"], "Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 20}],
        "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": [],
        "Mounts": [{"Type": "tmpfs", "Source": "", "Target": "/m", "ReadOnly": False,
                    "TmpfsOptions": {"SizeBytes": 4096, "Mode": 0}}],
        "Annotations": {"org.example": "1"},
    },
}  # fmt: skip


class Objects:
    """Objects of one engine; `prefix` begins the names of all."""

    def __init__(self, host: str, prefix: str) -> None:
        self.host = host
        self.prefix = prefix
        self.image = f"{prefix}:latest"
        self.api_version: str = json.loads(send(host, "GET", "/version").body)["ApiVersion"]
        self._names: dict[str, str] = {}
        self._made: list[str] = []

    def make(self, archive: Path) -> None:
        """Load the image, and make what is there for all requests."""
        self._do("POST", "/images/load?quiet=1", archive.read_bytes())
        self._names = {
            "image": self.image,
            "missing": f"{self.prefix}-missing",
            "running": self._started("running", Labels={"one": "1"}),
            "tty": self._started("tty", Tty=True, OpenStdin=True),
            "paused": self._started("paused"),
            "exited": self._started(
                "exited", Cmd=["sh", "-c", "echo out; sleep 0.1; echo err >&2; touch /made; exit 3"]
            ),
            "created": self._created("created"),
            "full": self._created("full", **FULL),
            "checked": self._started("checked", Healthcheck=FULL["Healthcheck"]),
        }
        self._do("POST", f"/containers/{self._names['paused']}/pause")
        self._do("POST", f"/containers/{self._names['exited']}/wait")
        self._names["exec"] = self._exec(self._names["running"], Cmd=["sleep", "1"])
        self._names["ended_exec"] = self._exec(self._names["running"], Cmd=["sh", "-c", "exit 3"])
        self._do("POST", f"/exec/{self._names['ended_exec']}/start", {"Detach": True})
        wait_until(
            lambda: not self._do("GET", f"/exec/{self._names['ended_exec']}/json")["Running"],
            "the exec to end",
        )

    def remove(self) -> None:
        """Remove all that was made; what a request has created goes by its name."""
        filters = json.dumps({"name": [self.prefix]})
        for container in self._do("GET", f"/containers/json?all=1&filters={filters}"):
            self._do("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        images = self._do("GET", f'/images/json?filters={{"reference":["{self.prefix}*"]}}')
        for tag in [tag for image in images for tag in image["RepoTags"]]:
            self._do("DELETE", f"/images/{tag}?force=1")

    def ask(self, ask: Ask, version: str) -> Answer:
        """Send a request in an API version, with the objects that it names."""
        with self._named(ask) as fill:
            path = f"/v{version}{fill(ask.path)}"
            body = ask.body
            if body is not None and not isinstance(body, bytes):
                body = json.loads(fill(json.dumps(body), in_json=True))
            return send(self.host, ask.method, path, body, upgrade=ask.upgrade, endless=ask.endless)

    @contextmanager
    def _named(self, ask: Ask) -> Iterator[Callable[..., str]]:
        made: dict[str, str] = {}

        def fill(text: str, *, in_json: bool = False) -> str:
            return _WORD.sub(lambda found: self._find(found, made), text)

        yield fill
        for container in made.values():
            self._do("DELETE", f"/containers/{container}?force=1&v=1", expect=(204, 404))

    def _find(self, found: re.Match[str], made: dict[str, str]) -> str:
        word = found[1]
        if word in self._names:
            return self._names[word]
        if word == "prefix":
            return self.prefix
        return made[word] if word in made else self._make_new(word, made)

    def _make_new(self, word: str, made: dict[str, str]) -> str:
        """Make the object of a word that begins with `new`."""
        match word:
            case "free":  # for a container that the request makes
                name = f"{self.prefix}-free"
            case "new":
                name = self._created("new")
            case "new_running":
                name = self._started("new_running")
            case "new_tty":
                name = self._started("new_tty", Tty=True, OpenStdin=True)
            case "new_paused":
                name = self._started("new_paused")
                self._do("POST", f"/containers/{name}/pause")
            case "new_exec":
                name = self._started("new_exec")
                made[word] = name
                return self._exec(name, Cmd=["echo", "hi"], AttachStdout=True)
            case "new_exec_tty":
                name = self._started("new_exec_tty")
                made[word] = name
                return self._exec(name, Cmd=["echo", "hi"], AttachStdout=True, Tty=True)
            case _:
                return "{" + word + "}"
        made[word] = name
        return name

    def _created(self, name: str, **config: Any) -> str:
        full_name = f"{self.prefix}-{name}"
        body = {"Image": self.image, "Cmd": _SLEEP, "HostConfig": {"NetworkMode": "none"}} | config
        self._do("POST", f"/containers/create?name={full_name}", body, expect=(201,))
        return full_name

    def _started(self, name: str, **config: Any) -> str:
        full_name = self._created(name, StopSignal="SIGKILL", **config)
        self._do("POST", f"/containers/{full_name}/start", expect=(204,))
        return full_name

    def _exec(self, container: str, **config: Any) -> str:
        return str(self._do("POST", f"/containers/{container}/exec", config)["Id"])

    def _do(self, method: str, path: str, body: Any = None, *, expect: tuple[int, ...] = ()) -> Any:
        answer = send(self.host, method, path, body)
        assert answer.status in expect or (not expect and answer.status < 300), (path, answer)
        is_json = answer.headers.get("content-type") == "application/json"
        return json.loads(answer.body) if is_json and answer.body.count(b"\n") == 1 else None


def free_prefix() -> str:
    return f"seacan-test-{secrets.token_hex(6)}"
