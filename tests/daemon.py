"""A seacand of the test's own: own roots, socket and cgroup parent, and nothing left of it."""

import contextlib
import functools
import hashlib
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from tests.calls import UnixConnection, frames
from tests.daemon_template import PROGRAM, Forked, template
from tests.descriptions.validation import complaints

from seacan.api.versions import split_version
from seacan.version import API_VERSION

_CGROUPS: Final = Path("/sys/fs/cgroup")
# A machine that is emulated, or busy, takes its time.
_PATIENCE_S: Final = 90


def empty_configuration(directory: Path) -> list[str]:
    """Return the flag that keeps a daemon from reading what this host's own one is told."""
    path = directory / "empty.json"
    path.write_text("{}")
    return ["--config-file", str(path)]


class Daemon:
    """One seacand; it can be killed and started again on the same roots."""

    def __init__(
        self, directory: Path, *, flags: Sequence[str] = (), start_with: Sequence[str] = ()
    ) -> None:
        """`start_with`: a command that ends in exec of the daemon's, which follows it."""
        self._start_with = start_with
        self.directory = directory
        self.flags = flags
        self.data_root = directory / "data"
        self.exec_root = directory / "run"
        self.socket = directory / "s.sock"
        self.host = f"unix://{self.socket}"
        self.plugins = directory / "plugins"
        self.log = directory / "log"
        self.answers = directory / "answers"  # what recording_daemon.py writes
        # In the environment of the daemon, hence of launcher and shims; not of containers.
        self.name = f"seacan-test-{secrets.token_hex(6)}"
        self.cgroup_parent = f"/{self.name}"
        self._process: Forked | subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *flags: str) -> None:
        """Start and wait until it answers."""
        words = [
            str(self.answers),
            "--data-root", str(self.data_root),
            "--exec-root", str(self.exec_root),
            "--cgroup-parent", self.cgroup_parent,
            "--plugin-directory", str(self.plugins),
            "-H", self.host,
            *self.flags,
            *flags,
        ]  # fmt: skip
        environment = os.environ | {"SEACAN_TEST_DAEMON": self.name}
        with self.log.open("ab") as log:
            self._process = self._started(words, environment, log.fileno())
        wait_until(self._answers, f"seacand to answer; {self.log.read_text()}")

    def _started(
        self, words: list[str], environment: dict[str, str], output: int
    ) -> Forked | subprocess.Popen[bytes]:
        if not self._start_with:
            return template().fork(words, environment, output)
        command = [*self._start_with, sys.executable, "-P", str(PROGRAM), *words]
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"seacand ended: {self.log.read_text()}"
        try:
            return self.request("GET", "/_ping")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def kill(self) -> None:
        """Kill it without warning; launcher, shims and containers are not touched."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def reboot(self) -> None:
        """Do what a reboot does, up to its start: no process is left, and no exec root."""
        self.kill()
        wait_until(lambda: not self._kill_processes(), "all processes to end")
        shutil.rmtree(self.exec_root)

    def stop(self) -> None:
        """Ask it to stop; containers go on."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=60)

    def events(self, query: str) -> list[dict[str, Any]]:
        """Return the events of a query that ends."""
        connection = UnixConnection(self.socket)
        with contextlib.closing(connection):
            connection.request("GET", f"/events?{query}")
            text = connection.getresponse().read()
        return [json.loads(line) for line in text.splitlines()]

    def dies_in(
        self, step: int, method: str, path: str, body: object = None, event: str = ""
    ) -> bool:
        """Ask, and have it die in front of a step of the answer; False if it has fewer.

        With `event`, an audit event of Python, only these are steps.
        """
        try:
            self.request(method, path, body, {"X-Test-Step": str(step), "X-Test-Event": event})
        except (OSError, http.client.HTTPException):  # in front of the answer, or within it
            assert self._process is not None
            self._process.wait()
            return True
        return False

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, Any]:
        """Return status and decoded body of one API call."""
        connection = UnixConnection(self.socket)
        with contextlib.closing(connection):
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            text = response.read()
        is_json = response.getheader("Content-Type", "").startswith("application/json")
        return response.status, json.loads(text) if is_json and text else text

    def raw(
        self, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (names in lower case) and body as they came."""
        connection = UnixConnection(self.socket)
        with contextlib.closing(connection):
            headers = {} if body is None else {"Content-Type": "application/x-tar"}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return response.status, found, response.read()

    def load(self, archive: Path) -> None:
        """Load a docker-save archive."""
        connection = UnixConnection(self.socket)
        with contextlib.closing(connection), archive.open("rb") as file:
            size = str(archive.stat().st_size)
            headers = {"Content-Type": "application/x-tar", "Content-Length": size}
            connection.request("POST", "/images/load?quiet=1", file, headers)
            response = connection.getresponse()
            text = response.read()
        assert response.status == 200, text
        assert b'"error"' not in text, text

    def run(self, script: str, *, image: str = "busybox", **host_config: Any) -> str:
        """Start a container of `sh -c script` without network and return its id."""
        body = {
            "Image": image,
            "Cmd": ["sh", "-c", script],
            "HostConfig": {"NetworkMode": "none", **host_config},
        }
        status, answer = self.request("POST", "/containers/create", body)
        assert status == 201, answer
        container = str(answer["Id"])
        status, answer = self.request("POST", f"/containers/{container}/start")
        assert status == 204, answer
        return container

    def output(self, script: str, **host_config: Any) -> str:
        """Run to the end and return both streams, as text."""
        container = self.run(script, **host_config)
        self.request("POST", f"/containers/{container}/wait")
        body = self.request("GET", f"/containers/{container}/logs?stdout=1&stderr=1")[1]
        return b"".join(data for _, data in frames(body)).decode()

    def state(self, container: str) -> dict[str, Any]:
        status, answer = self.request("GET", f"/containers/{container}/json")
        assert status == 200, answer
        state: dict[str, Any] = answer["State"]
        return state

    def remove_containers(self) -> None:
        for container in self.request("GET", "/containers/json?all=1")[1]:
            self.request("DELETE", f"/containers/{container['Id']}?force=1&v=1")

    def engine_processes(self) -> dict[int, str]:
        """Return pid → command name of daemon, launcher and shims."""
        word = f"SEACAN_TEST_DAEMON={self.name}".encode()
        found = {}
        for process in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if word in (process / "environ").read_bytes().split(b"\0"):
                    found[int(process.name)] = (process / "comm").read_text().strip()
        if self._process is not None and self._process.poll() is None:
            found[self.pid] = "seacand"  # the environment shown is that which its template had
        return found

    def shim_of(self, container: str) -> int:
        """Return the pid of a running container's shim.

        Whoever started it is its parent before, and gone at any moment.
        """
        status = Path(f"/proc/{self.state(container)['Pid']}/status")

        def parent() -> int:
            return int(status.read_text().partition("PPid:")[2].split()[0])

        wait_until(
            lambda: self.engine_processes().get(parent()) == "seacan-shim",
            "the process that has started the container to leave it to the shim",
        )
        return parent()

    def wait_for_ends(self) -> None:
        """Wait until no shim is left: all containers have ended, and it is written down how."""
        wait_until(
            lambda: "seacan-shim" not in self.engine_processes().values(), "all containers to end"
        )

    def assert_answers_are_as_described(self) -> None:
        """Hold all answers up to now against the published description of their version."""
        found = set()
        for line in self.answers.read_text().splitlines():
            answer = json.loads(line)
            version, path = split_version(answer["target"].partition("?")[0])
            found |= {*complaints(
                version or API_VERSION, answer["method"], unquote(path), answer["status"],
                answer["content_type"], answer["body"].encode("latin-1"),
            )}  # fmt: skip
        assert not found, "\n".join(sorted(found))

    def assert_nothing_left(self, *, before: Sequence[str] = ()) -> None:
        """A shim that has said its last word may take a moment to go."""
        deadline = time.monotonic() + _PATIENCE_S  # it writes its layer out before
        while left := [thing for thing in self.leftovers() if thing not in before]:
            assert time.monotonic() < deadline, (left, self.log.read_text())
            time.sleep(0.02)

    def _unmount_all(self) -> bool:
        """Unmount what a test that failed left, or its files would be removed with the rest.

        Return whether nothing was left. What a process just dying had mounted may go by itself.
        """
        lines = Path("/proc/self/mounts").read_text().splitlines()
        places = [line.split()[1] for line in lines if f" {self.directory}/" in line]
        for place in reversed(places):
            subprocess.run(["umount", "-l", place], capture_output=True, check=False)
        return not places

    def leftovers(self) -> list[str]:
        """Return what containers have left behind, in words; empty if nothing, as it must be.

        To be asked when no container exists. The daemon and its launcher may be there or not.
        """
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        found = [f"mount {line}" for line in mounts if str(self.directory) in line]
        found += [f"cgroup {path}" for path in self._cgroups()]
        found += [f"interface {name}" for name in self.interfaces() if name not in self._bridges()]
        found += [f"rule {line}" for line in self.rules().splitlines() if "elements" in line]
        for name in ("containers", "runtime", "secrets", "subpaths", "trash"):
            directory = self.exec_root / name
            found += [f"file {path}" for path in directory.glob("*")]
        kept = ("builds", "containers", "trash", "volumes")
        for directory in (self.data_root / name for name in kept):
            found += [f"file {path}" for path in directory.glob("*")]
        for pid, process in self.engine_processes().items():
            if pid != self.pid and process != "seacan-launcher":
                found.append(f"process {pid} {process}")
        return found

    def interfaces(self) -> list[str]:
        """Return the host's interfaces that are of this daemon or in one of its bridges."""
        links = [Path("/sys/class/net", name) for name in os.listdir("/sys/class/net")]
        ours = [link for link in links if _read(link / "ifalias") == f"seacan {self.data_root}"]
        bridges = {link.name for link in ours}
        inside = [link for link in links if _bridge_of(link) in bridges]
        return [link.name for link in (*ours, *inside)]

    def _bridges(self) -> list[str]:
        """Return the names that the default network's bridge can have: it stays once it is made."""
        return [f"sc-{self._digest}"]

    @property
    def _digest(self) -> str:
        return hashlib.sha256(str(self.data_root).encode()).hexdigest()[:12]

    @property
    def table(self) -> str:
        """The name of the table of rules."""
        return f"seacan_{self._digest}"

    def rules(self) -> str:
        """Return the rules of this daemon; empty if there are none."""
        command = ["nft", "list", "table", "inet", self.table]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def _cgroups(self) -> list[Path]:
        """Return the cgroups below the daemon's parent, in each hierarchy, the innermost first."""
        found: list[Path] = []
        for parent in (_CGROUPS / self.name, *_CGROUPS.glob(f"*/{self.name}")):
            with contextlib.suppress(FileNotFoundError):  # one went while they were looked for
                found += sorted(parent.glob("**/*/"), reverse=True)
        return found

    def _kill_processes(self) -> list[int]:
        """Kill what is there of it and of its containers, and return the pids."""
        pids = [*self.engine_processes()]
        for cgroup in self._cgroups():
            with contextlib.suppress(OSError):  # it went meanwhile
                pids += map(int, (cgroup / "cgroup.procs").read_text().split())
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pids

    def destroy(self) -> None:
        """End whatever is still there, by pid, and remove all files."""
        wait_until(lambda: not self._kill_processes(), "all processes to end")
        if self._process is not None:
            self._process.wait()
        for name in self.interfaces():
            subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)
        if self.rules():
            subprocess.run(["nft", "delete", "table", "inet", self.table], check=True)
        wait_until(self._unmount_all, "its mounts to go")
        for cgroup in (*self._cgroups(), _CGROUPS / self.name, *_CGROUPS.glob(f"*/{self.name}")):
            wait_until(functools.partial(is_removed, cgroup), f"{cgroup} to be free")
        shutil.rmtree(self.directory)


@contextlib.contextmanager
def running_daemon(
    *flags: str, start_with: Callable[[Path], Sequence[str]] = lambda _: ()
) -> Iterator[Daemon]:
    """Give a started daemon; afterwards nothing of it or its containers may be there.

    `start_with` gets its directory; see Daemon.
    """
    # Short: the path of a unix socket has 107 bytes at most.
    directory = Path(tempfile.mkdtemp(prefix="sc-"))
    daemon = Daemon(directory, flags=flags, start_with=start_with(directory))
    try:
        daemon.start()
        yield daemon
        daemon.remove_containers()
        daemon.assert_nothing_left()
        daemon.assert_answers_are_as_described()
        daemon.stop()
        wait_until(lambda: not daemon.engine_processes(), "launcher and shims to end")
        daemon.assert_nothing_left()
    finally:
        daemon.destroy()


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.02)


def _bridge_of(link: Path) -> str | None:
    try:
        return os.path.basename(os.readlink(link / "master"))
    except OSError:  # it has none, or is going just now
        return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:  # it is going just now
        return ""


def is_removed(cgroup: Path) -> bool:
    if not cgroup.exists():  # where none can be made, rmdir(2) says that first
        return True
    try:
        cgroup.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
