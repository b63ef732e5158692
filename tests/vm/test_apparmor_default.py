"""Docker's AppArmor profile: every container is in it, on a kernel that has AppArmor."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.calls import frames
from tests.daemon import Daemon, running_daemon
from tests.images.busybox import busybox_archive

pytestmark = pytest.mark.vm

SECURITYFS: Final = Path("/sys/kernel/security")
CURRENT: Final = "cat /proc/self/attr/apparmor/current"
DEFAULT: Final = "docker-default (enforce)\n"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    if not (SECURITYFS / "apparmor").exists():
        subprocess.run(["mount", "-t", "securityfs", "securityfs", SECURITYFS], check=True)
    with running_daemon() as daemon:
        daemon.load(busybox_archive(tmp_path_factory.mktemp("image") / "busybox.tar"))
        yield daemon


def _exec(engine: Daemon, container: str, script: str, **settings: Any) -> str:
    body = {"Cmd": ["sh", "-c", script], "AttachStdout": True, "AttachStderr": True, **settings}
    asked = engine.request("POST", f"/containers/{container}/exec", body)[1]
    data = engine.request("POST", f"/exec/{asked['Id']}/start", {"Detach": False})[1]
    return b"".join(piece for _, piece in frames(data)).decode()


def test_info(engine: Daemon) -> None:
    assert "name=apparmor" in engine.request("GET", "/info")[1]["SecurityOptions"]


def test_a_container_and_its_execs(engine: Daemon) -> None:
    container = engine.run("sleep 100")
    inspected = engine.request("GET", f"/containers/{container}/json")[1]
    assert inspected["AppArmorProfile"] == "docker-default"
    assert _exec(engine, container, CURRENT) == DEFAULT
    assert _exec(engine, container, CURRENT, Privileged=True) == "unconfined\n"
    # Signals among its own processes, and from the host.
    assert _exec(engine, container, "sleep 100 & kill $! && echo sent") == "sent\n"
    assert engine.request("POST", f"/containers/{container}/stop?t=1")[0] == 204


def test_who_is_not_confined(engine: Daemon) -> None:
    assert engine.output(CURRENT, Privileged=True) == "unconfined\n"
    assert engine.output(CURRENT, SecurityOpt=["apparmor=unconfined"]) == "unconfined\n"
    assert engine.output(CURRENT, SecurityOpt=["apparmor=docker-default"]) == DEFAULT


def test_what_is_denied(engine: Daemon) -> None:
    """A capability is not enough."""
    script = "mkdir /m; mount -t tmpfs none /m && echo mounted; echo 1 > /proc/sys/vm/drop_caches"
    allowed: dict[str, Any] = {"CapAdd": ["SYS_ADMIN"], "ReadonlyPaths": [], "MaskedPaths": []}
    denied = engine.output(script, **allowed)
    assert denied.count("ermission denied") == 2, denied
    free = engine.output(script, **allowed, SecurityOpt=["apparmor=unconfined"])
    assert free == "mounted\n"


def test_a_profile_that_was_unloaded_is_loaded_again(engine: Daemon) -> None:
    assert engine.output(CURRENT) == DEFAULT
    command = ["apparmor_parser", "--remove"]
    subprocess.run(command, input="profile docker-default {}", text=True, check=True)
    assert engine.output(CURRENT) == DEFAULT


def test_a_profile_that_is_not_loaded(engine: Daemon) -> None:
    host_config = {"NetworkMode": "none", "SecurityOpt": ["apparmor=absent"]}
    body = {"Image": "busybox", "Cmd": ["true"], "HostConfig": host_config}
    container = engine.request("POST", "/containers/create", body)[1]["Id"]
    status, answer = engine.request("POST", f"/containers/{container}/start")
    assert status >= 400
    assert "no such profile is loaded" in answer["message"]
