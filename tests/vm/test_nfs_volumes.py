"""Volumes of type nfs, from the server that the kernel of the machine has."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.daemon import Daemon
from tests.vm.docker_cli import docker

pytestmark = pytest.mark.vm

SERVER: Final = "127.0.0.1"
STATE: Final = Path("/var/lib/nfs")
FLAGS: Final = "rw,no_root_squash,fsid=0,insecure,no_subtree_check"


def _call(*words: str | Path) -> None:
    subprocess.run(words, check=True)


@pytest.fixture(scope="module")
def export() -> Iterator[Path]:
    """Export a directory as the root of all that the server has; NFS 4 alone, without rpcbind."""
    for module in ("nfsd", "nfsv4"):
        _call("busybox", "modprobe", module)
    _call("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd")
    _call("mount", "-t", "tmpfs", "tmpfs", STATE)
    (STATE / "v4recovery").mkdir()
    for name in ("etab", "rmtab"):
        (STATE / name).touch()
    Path("/proc/fs/nfsd/nfsv4leasetime").write_text("10")
    Path("/proc/fs/nfsd/nfsv4gracetime").write_text("10")
    exported = Path("/run/exported")
    exported.mkdir()
    _call("mount", "-t", "tmpfs", "tmpfs", exported)
    _call("exportfs", "-i", "-o", FLAGS, f"{SERVER}:{exported}")
    _call("rpc.mountd", "-N", "3")
    _call("rpc.nfsd", "-N", "3", "1")
    Path("/proc/fs/nfsd/v4_end_grace").write_text("Y")  # nobody held a file before
    yield exported
    _call("rpc.nfsd", "0")


def _create(engine: Daemon, options: str, device: str = ":/") -> None:
    words = ("-o", "type=nfs", "-o", f"device={device}", "-o", f"o={options}")
    assert docker(engine, "volume", "create", *words, "far").returncode == 0


def _mounted() -> list[list[str]]:
    """Return type, source and options of what is mounted from the server."""
    lines = map(str.split, Path("/proc/self/mounts").read_text().splitlines())
    return [line for line in lines if line[2].startswith("nfs") and line[2] != "nfsd"]


@pytest.fixture(autouse=True)
def _everything_is_given_back(export: Path, engine: Daemon) -> Iterator[None]:
    yield
    engine.remove_containers()
    engine.request("DELETE", "/volumes/far")
    assert not _mounted()


@pytest.mark.parametrize("address", [SERVER, "localhost"])
def test_read_and_written(engine: Daemon, export: Path, address: str) -> None:
    (export / "file").write_text("of the server\n")
    _create(engine, f"addr={address},rw,nfsvers=4.2")
    script = "cat /v/file; echo of the container >/v/new"
    done = docker(engine, "run", "--rm", "-v", "far:/v", "busybox", "sh", "-c", script)
    assert (done.stdout, done.stderr) == ("of the server\n", "")
    assert (export / "new").read_text() == "of the container\n"
    assert not _mounted()  # nobody uses it


def test_read_only_and_a_directory_of_it(engine: Daemon, export: Path) -> None:
    (export / "sub").mkdir()
    (export / "sub/file").write_text("below\n")
    _create(engine, f"addr={SERVER},ro,nfsvers=4", ":/sub")
    script = "cat /v/file; echo x >/v/file"
    done = docker(engine, "run", "--rm", "-v", "far:/v", "busybox", "sh", "-c", script)
    assert done.stdout == "below\n"
    assert "Read-only file system" in done.stderr


def test_one_mount_for_all_that_goes_with_the_last(engine: Daemon) -> None:
    _create(engine, f"addr={SERVER},rw,nfsvers=4.2")
    binds: dict[str, Any] = {"Binds": ["far:/v"]}
    first = engine.run("sleep 600", **binds)
    second = engine.run("sleep 600", **binds)
    assert [line[:1] for line in _mounted()] == [[":/"]]
    engine.kill()
    engine.start()
    engine.request("DELETE", f"/containers/{first}?force=1")
    assert len(_mounted()) == 1
    engine.request("DELETE", f"/containers/{second}?force=1")
    assert not _mounted()


def test_a_directory_that_the_server_has_not(engine: Daemon) -> None:
    _create(engine, f"addr={SERVER},nfsvers=4.2", ":/nowhere")
    done = docker(engine, "run", "--rm", "-v", "far:/v", "busybox", "true")
    assert done.returncode == 127  # what the docker CLI makes of the last words
    assert "failed to mount local volume: mount :/nowhere:" in done.stderr
    assert "no such file or directory" in done.stderr
