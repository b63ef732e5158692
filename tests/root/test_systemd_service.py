"""The units of `seacan system install`, in a machine whose first process is systemd."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.calls import UnixConnection
from tests.daemon import wait_until
from tests.images.busybox import busybox_archive

pytestmark = [
    pytest.mark.vm_systemd,
    pytest.mark.skipif(
        not os.path.exists("/run/systemd/private"), reason="needs systemd as the first process"
    ),
]

_SOCKET = Path("/run/seacan.sock")
_DATA_ROOT = Path("/var/lib/seacan")


def systemctl(*words: str) -> str:
    done = subprocess.run(["systemctl", *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"systemctl {' '.join(words)}: {done.stderr}"
    return done.stdout


def shown(name: str) -> str:
    return systemctl("show", "seacan.service", f"--property={name}", "--value").strip()


def ask(method: str, path: str, body: object = None) -> Any:
    connection = UnixConnection(_SOCKET)
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, {"Content-Type": "application/json"})
    answer = connection.getresponse().read()
    connection.close()
    return json.loads(answer) if answer[:1] in (b"{", b"[") else answer


@pytest.fixture(scope="module")
def installed() -> Iterator[None]:
    # The machine shows this host's files, and this host may have a seacan.
    _DATA_ROOT.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(_DATA_ROOT)], check=True)
    command = [sys.executable, "-P", "-m", "seacan.cli.main", "system", "install"]
    subprocess.run([*command, "--directory", "/run/systemd/system"], check=True)
    systemctl("daemon-reload")
    # Booted with no more than the tests, it starts the rest of the system with the service; this
    # part looks through all that the host has in /tmp.
    systemctl("mask", "--runtime", "systemd-tmpfiles-setup.service")
    systemctl("start", "seacan.socket")
    yield
    for container in ask("GET", "/containers/json?all=1"):
        ask("DELETE", f"/containers/{container['Id']}?force=1")
    systemctl("stop", "seacan.service", "seacan.socket")


def test_the_first_client_starts_the_service(installed: None) -> None:
    assert shown("ActiveState") == "inactive"
    assert ask("GET", "/_ping") == b"OK"
    wait_until(lambda: shown("ActiveState") == "active", "the service to be ready")
    assert "0 of 0 containers run" in shown("StatusText")
    assert shown("WatchdogUSec") == "1min"


def test_a_reload_reads_the_file_and_tells(installed: None) -> None:
    ask("GET", "/_ping")
    path = Path("/etc/seacan/daemon.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"labels": ["a=1"]}')
    try:
        systemctl("reload", "seacan.service")
        wait_until(lambda: ask("GET", "/info")["Labels"] == ["a=1"], "the new label")
        wait_until(lambda: shown("StatusText") == "Configuration read anew", "its word")
    finally:
        path.unlink()


def test_containers_outlive_the_daemon(installed: None, tmp_path: Path) -> None:
    container = _running(tmp_path)
    before = ask("GET", f"/containers/{container}/json")["State"]["Pid"]
    main_pid = shown("MainPID")
    systemctl("restart", "seacan.service")
    assert shown("MainPID") != main_pid
    assert ask("GET", f"/containers/{container}/json")["State"]["Pid"] == before
    systemctl("kill", "--signal=KILL", "--kill-who=main", "seacan.service")
    wait_until(lambda: shown("NRestarts") == "1", "systemd to start it again")
    assert ask("GET", f"/containers/{container}/json")["State"]["Pid"] == before
    # What it says comes to systemd on a way of its own.
    wait_until(lambda: "1 of 1 containers run" in shown("StatusText"), "the service's own word")


def _running(directory: Path) -> str:
    """Start a container that stays, and return its id."""
    busybox_archive(directory / "busybox.tar")
    connection = UnixConnection(_SOCKET)
    headers = {"Content-Type": "application/x-tar"}
    connection.request("POST", "/images/load", (directory / "busybox.tar").read_bytes(), headers)
    assert connection.getresponse().status == 200
    connection.close()
    host_config = {"NetworkMode": "none"}
    body = {"Image": "busybox", "Cmd": ["sleep", "1000"], "HostConfig": host_config}
    container = str(ask("POST", "/containers/create", body)["Id"])
    ask("POST", f"/containers/{container}/start")
    return container
