"""Volumes of type cifs, from a server in the machine: Samba."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.daemon import Daemon, wait_until
from tests.vm.docker_cli import docker

pytestmark = pytest.mark.vm

SERVER: Final = "127.0.0.1"
PORT: Final = 445
USER: Final = "nobody"
PASSWORD: Final = "se,cret"
ESCAPED: Final = "se,,cret"  # as mount.cifs(8) has commas
STATE: Final = Path("/run/samba")
SETTINGS: Final = f"""\
[global]
    private directory = {STATE}
    lock directory = {STATE}
    state directory = {STATE}
    cache directory = {STATE}
    pid directory = {STATE}
    ncalrpc dir = {STATE}/rpc
    log file = {STATE}/log
    bind interfaces only = yes
    interfaces = lo
    disable spoolss = yes
    load printers = no
[share]
    path = /run/shared
    read only = no
    force user = root
"""


@pytest.fixture(scope="module")
def share() -> Iterator[Path]:
    """Serve a directory as //127.0.0.1/share to one who knows the password."""
    subprocess.run(["busybox", "modprobe", "cifs"], check=True)
    shared, settings = Path("/run/shared"), STATE / "smb.conf"
    for directory in (shared, STATE):
        directory.mkdir()
    settings.write_text(SETTINGS)
    add = ["smbpasswd", "-c", str(settings), "-s", "-a", USER]
    subprocess.run(add, input=f"{PASSWORD}\n{PASSWORD}\n", text=True, check=True)
    serve = ["smbd", "--foreground", "--no-process-group", f"--configfile={settings}"]
    server = subprocess.Popen(serve, start_new_session=True)
    try:
        wait_until(_is_served, "the server to listen")
        yield shared
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=120)


def _is_served() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((SERVER, PORT)) == 0


def _create(engine: Daemon, host: str = SERVER, options: str = "", secret: str = ESCAPED) -> None:
    options = f"username={USER},password={secret}{options and f',{options}'}"
    words = ("-o", "type=cifs", "-o", f"device=//{host}/share", "-o", f"o={options}")
    assert docker(engine, "volume", "create", *words, "far").returncode == 0


def _run(engine: Daemon, script: str) -> subprocess.CompletedProcess[str]:
    return docker(engine, "run", "--rm", "-v", "far:/v", "busybox", "sh", "-c", script)


def _mounted() -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line for line in lines if line.split()[2] == "cifs"]


@pytest.fixture(autouse=True)
def _everything_is_given_back(share: Path, engine: Daemon) -> Iterator[None]:
    yield
    engine.remove_containers()
    engine.request("DELETE", "/volumes/far")
    assert not _mounted()


@pytest.mark.parametrize(
    ("host", "options"), [(SERVER, ""), ("localhost", ""), ("nowhere.invalid", "addr=localhost")]
)
def test_read_and_written(engine: Daemon, share: Path, host: str, options: str) -> None:
    """The kernel is told an address, of the option `addr` or else of the device."""
    (share / "file").write_text("of the server\n")
    _create(engine, host, options)
    done = _run(engine, "cat /v/file; echo of the container >/v/new")
    assert (done.stdout, done.stderr) == ("of the server\n", "")
    assert (share / "new").read_text() == "of the container\n"
    assert not _mounted()  # nobody uses it


def test_read_only_with_files_of_somebody(engine: Daemon, share: Path) -> None:
    (share / "file").write_text("of the server\n")
    _create(engine, options="ro,uid=7,file_mode=0640")
    done = _run(engine, "stat -c %u:%a /v/file; echo x >/v/file")
    assert done.stdout == "7:640\n"
    assert "Read-only file system" in done.stderr


def test_one_mount_for_all_that_goes_with_the_last(engine: Daemon) -> None:
    _create(engine)
    first = engine.run("sleep 600", Binds=["far:/v"])
    second = engine.run("sleep 600", Binds=["far:/v"])
    assert len(_mounted()) == 1
    engine.kill()
    engine.start()
    engine.request("DELETE", f"/containers/{first}?force=1")
    assert len(_mounted()) == 1
    engine.request("DELETE", f"/containers/{second}?force=1")
    assert not _mounted()


def test_a_wrong_password_is_not_shown(engine: Daemon) -> None:
    """Only who asks for the volume is told it, as by dockerd."""
    _create(engine, secret="not-the-one")
    done = _run(engine, "true")
    assert done.returncode == 126  # what the docker CLI makes of the last words
    assert f"failed to mount local volume: mount //{SERVER}/share:" in done.stderr
    assert "permission denied" in done.stderr
    events = docker(engine, "events", "--since", "0", "--until", "0s").stdout
    assert "not-the-one" not in done.stderr + engine.log.read_text() + events
    assert "password=not-the-one" in docker(engine, "volume", "inspect", "far").stdout
