"""dockerd and podman as a test's own: roots, socket, cgroups, no network.

Debian's packages are docker.io and podman; `make peers` installs them.
"""

import contextlib
import functools
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
from tests.daemon import is_removed, wait_until

_RUNTIME = Path(sys.executable).with_name("seacan-runtime")
_CGROUPS = Path("/sys/fs/cgroup")
_APART = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"')
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
def running_dockerd(
    directory: Path, image: Path, *flags: str, shares_loopback: bool = False
) -> Iterator[OtherEngine]:
    """Start a dockerd in a network namespace of its own, or where it reaches our servers.

    There it is given a bridge: one that wants none removes docker0, whosever it is.
    """
    name = f"seacan-test-{secrets.token_hex(6)}"
    command = [
        *([] if shares_loopback else _APART),
        "dockerd", f"--host=unix://{directory}/sock", f"--data-root={directory}/data",
        f"--exec-root={directory}/run", f"--pidfile={directory}/pid", f"--cgroup-parent=/{name}",
        f"--add-runtime=seacan={_RUNTIME}", "--storage-driver=vfs",
        "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
        *flags,
    ]  # fmt: skip
    docker = Docker(f"unix://{directory}/sock", directory)
    with contextlib.ExitStack() as held:
        bridge = held.enter_context(_bridge()) if shares_loopback else "none"
        log = held.enter_context((directory / "log").open("w"))
        daemon = subprocess.Popen(
            [*command, f"--bridge={bridge}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        held.callback(_remove_cgroups, name)
        held.callback(daemon.wait)
        held.callback(daemon.terminate)
        wait_until(lambda: docker("version").status == 0, "dockerd to answer")
        docker.ok("load", "-i", str(image))
        options = ("--runtime", "seacan", "--network", "none")
        yield OtherEngine(docker, options, docker.name, name)
        docker.remove_containers()
        docker.ok("network", "prune", "--force")


@contextlib.contextmanager
def _bridge() -> Iterator[str]:
    """Yield a bridge with an address, which nobody else has."""
    name, network = f"sc-{secrets.token_hex(6)}", f"10.{secrets.randbelow(200) + 20}"
    _ip("link", "add", name, "type", "bridge")
    try:
        _ip("address", "add", f"{network}.{secrets.randbelow(256)}.1/24", "dev", name)
        yield name
    finally:
        _ip("link", "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


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
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
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
    """Remove them when what is in there has ended: conmon outlives its container for a moment."""
    for path in (*_cgroups(f"{name}/*/"), *_cgroups(name)):
        wait_until(functools.partial(is_removed, path), f"{path} to be free")


@contextlib.contextmanager
def other_engine(name: str, image: Path) -> Iterator[OtherEngine]:
    """Start `dockerd` or `podman`, with the image of an archive; skip if it is not installed."""
    if shutil.which(name) is None or shutil.which("docker") is None:
        pytest.skip(f"{name}, and the docker CLI, are not installed here")
    start = {"dockerd": running_dockerd, "podman": _podman}[name]
    directory = Path(tempfile.mkdtemp(prefix="sc-"))
    try:
        with start(directory, image) as engine:
            yield engine
    finally:
        shutil.rmtree(directory)
