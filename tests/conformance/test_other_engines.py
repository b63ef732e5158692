"""`seacan-runtime` under other engines: dockerd with containerd, and podman with conmon.

Each is one of the test's own: roots, socket, cgroups, no network. Debian's packages are docker.io
and podman; `make peers` installs them.
"""

import contextlib
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Result
from tests.daemon import wait_until

pytestmark = [pytest.mark.conformance, pytest.mark.root, pytest.mark.timeout(120)]

_RUNTIME = Path(sys.executable).with_name("seacan-runtime")
_CGROUPS = Path("/sys/fs/cgroup")
_POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'


@dataclass(frozen=True)
class OtherEngine:
    """A command line like docker's, with busybox; `run` is `run` with our runtime."""

    call: Callable[..., Result]
    options: tuple[str, ...]
    container: str  # a name that is free
    cgroup_parent: str

    def __call__(self, *words: str) -> str:
        """Run what must succeed and return its output."""
        result = self.call(*words)
        assert result.status == 0, (words, result)
        return result.out.strip()

    def run(self, *words: str) -> Result:
        return self.call("run", *self.options, *words)

    def cgroups(self) -> list[Path]:
        """Return the cgroups of its containers: none when there are none."""
        return [path for path in _cgroups(f"{self.cgroup_parent}/*/") if path.name != "conmon"]


def _cgroups(pattern: str) -> list[Path]:
    found = [*_CGROUPS.glob(pattern), *_CGROUPS.glob(f"*/{pattern}")]
    return [path for path in found if path.is_dir()]


@contextlib.contextmanager
def running_dockerd(directory: Path, image: Path, *flags: str) -> Iterator[OtherEngine]:
    name = f"seacan-test-{secrets.token_hex(6)}"
    command = [
        "dockerd", f"--host=unix://{directory}/sock", f"--data-root={directory}/data",
        f"--exec-root={directory}/run", f"--pidfile={directory}/pid", f"--cgroup-parent=/{name}",
        f"--add-runtime=seacan={_RUNTIME}", "--storage-driver=vfs", "--bridge=none",
        "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
        *flags,
    ]  # fmt: skip
    docker = Docker(f"unix://{directory}/sock", directory)
    with (directory / "log").open("w") as log:
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: docker("version").status == 0, "dockerd to answer", timeout_s=30)
        docker.ok("load", "-i", str(image))
        options = ("--runtime", "seacan", "--network", "none")
        yield OtherEngine(docker, options, docker.name, name)
        docker.remove_containers()
    finally:
        daemon.terminate()
        daemon.wait()
        _remove_cgroups(name)


@contextlib.contextmanager
def _podman(directory: Path, image: Path) -> Iterator[OtherEngine]:
    name = f"seacan-test-{secrets.token_hex(6)}"
    command = [
        "podman", f"--root={directory}/root", f"--runroot={directory}/run",
        f"--tmpdir={directory}/tmp", f"--runtime={_RUNTIME}", "--cgroup-manager=cgroupfs",
        "--storage-driver=vfs", "--events-backend=none",
    ]  # fmt: skip

    def call(*words: str) -> Result:
        done = subprocess.run(
            [*command, *words],
            cwd=directory,  # conmon writes a file there when the memory runs out
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    policy = directory / "policy.json"
    policy.write_text(_POLICY)
    options = (
        "--pull=never", "--network=none", f"--cgroup-parent=/{name}",
        # podman's own limits are higher than a root without CAP_SYS_RESOURCE may set
        "--ulimit=nofile=1000:1000", "--ulimit=nproc=1000:1000",
    )  # fmt: skip
    engine = OtherEngine(call, options, name, name)
    try:
        engine("load", f"--signature-policy={policy}", "-i", str(image))
        yield engine
        engine("rm", "--all", "--force", "--time", "0")
    finally:
        _remove_cgroups(name)


def _remove_cgroups(name: str) -> None:
    for path in (*_cgroups(f"{name}/*/"), *_cgroups(name)):
        with contextlib.suppress(FileNotFoundError):  # one hierarchy may have several names
            path.rmdir()


@pytest.fixture(scope="module", params=["dockerd", "podman"])
def engine(request: pytest.FixtureRequest, busybox_tar: Path) -> Iterator[OtherEngine]:
    if shutil.which(request.param) is None or shutil.which("docker") is None:
        pytest.skip(f"{request.param}, and the docker CLI, are not installed here")
    start = {"dockerd": running_dockerd, "podman": _podman}[request.param]
    directory = Path(tempfile.mkdtemp(prefix="sc-"))
    try:
        with start(directory, busybox_tar) as engine:
            yield engine
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def container(engine: OtherEngine) -> Iterator[str]:
    """Run one that sleeps and give its name; nothing is left of it afterwards."""
    script = "trap 'exit 5' TERM; echo ready; sleep 60 & wait"
    done = engine.run("-d", "--name", engine.container, "busybox", "sh", "-c", script)
    assert done.status == 0, done
    wait_until(lambda: engine("logs", engine.container) == "ready", "the trap")
    yield engine.container
    engine("rm", "-f", engine.container)
    wait_until(lambda: not engine.cgroups(), "the cgroups to go")


def test_run_passes_output_and_status(engine: OtherEngine) -> None:
    done = engine.run("--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.status, done.out, done.err) == (3, "out\n", "err\n")
    wait_until(lambda: not engine.cgroups(), "the cgroups to go")


def test_exec(engine: OtherEngine, container: str) -> None:
    assert (
        engine("exec", "-e", "A=b", "-w", "/tmp", container, "sh", "-c", "echo $A; pwd")
        == "b\n/tmp"
    )
    assert engine.call("exec", container, "sh", "-c", "exit 7").status == 7
    missing = engine.call("exec", container, "nosuch")
    assert missing.status in (126, 127)  # dockerd says 126 of an exec before its version 28
    assert "executable file not found in $PATH" in missing.err + missing.out


def test_a_terminal(engine: OtherEngine) -> None:
    assert engine.run("-t", "--rm", "busybox", "tty").out.strip() == "/dev/pts/0"


def test_pause_stops_it_and_unpause_lets_it_go_on(engine: OtherEngine, container: str) -> None:
    def state() -> str:
        return engine("inspect", "-f", "{{.State.Status}}", container)

    engine("pause", container)
    assert state() == "paused"
    engine("unpause", container)
    assert state() == "running"
    assert engine("exec", container, "echo", "on") == "on"


def test_stop_reaches_the_handler_of_the_signal(engine: OtherEngine, container: str) -> None:
    engine("stop", container)
    assert engine("inspect", "-f", "{{.State.ExitCode}}", container) == "5"
    engine("start", container)
    engine("kill", container)
    assert engine("wait", container) == "137"


def test_limits(engine: OtherEngine) -> None:
    script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max"
    done = engine.run("--rm", "-m", "64m", "--pids-limit", "33", "busybox", "sh", "-c", script)
    assert done.out.split() == [str(64 << 20), "33"], done


def test_out_of_memory(engine: OtherEngine) -> None:
    hog = "x=x; while true; do x=$x$x; done"
    limits = ("-m", "16m", "--memory-swap", "16m")
    assert engine.run("--rm", *limits, "busybox", "sh", "-c", hog).status == 137


@pytest.mark.parametrize(("command", "status"), [("nosuch", 127), ("/etc", 126)])
def test_a_command_that_cannot_run_leaves_nothing(
    engine: OtherEngine, command: str, status: int
) -> None:
    done = engine.run("--rm", "busybox", command)
    assert done.status == status, done
    wait_until(lambda: not engine.cgroups(), "the cgroups to go")
