"""Networks over the death of daemon and shim: traffic goes on, and nothing is left or lost."""

import http.client
import itertools
import os
import random
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cut_short import assert_starts_are_whole
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SERVE = "while :; do echo hello | nc -l -p 80 >/dev/null; done"
PUBLISHED = {"80/tcp": [{"HostIp": "127.0.0.1"}]}


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(autouse=True)
def _nothing_left(daemon: Daemon) -> Iterator[None]:
    yield
    daemon.remove_containers()
    daemon.request("POST", "/networks/prune")
    daemon.assert_nothing_left()


def _serve(daemon: Daemon, network: str = "bridge") -> str:
    return daemon.run(SERVE, NetworkMode=network, PortBindings=PUBLISHED)


def _settings(daemon: Daemon, container: str) -> dict[str, Any]:
    settings: dict[str, Any] = daemon.request("GET", f"/containers/{container}/json")[1][
        "NetworkSettings"
    ]
    return settings


def _place(daemon: Daemon, container: str) -> tuple[str, int]:
    """Return the container's own address, and the port of the host that leads to it."""
    settings = _settings(daemon, container)
    (network,) = settings["Networks"].values()
    return network["IPAddress"], int(settings["Ports"]["80/tcp"][0]["HostPort"])


def _hears(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=3) as connection:
            connection.shutdown(socket.SHUT_WR)
            return connection.makefile().read() == "hello\n"
    except OSError:
        return False


def _wait_hears(address: str, port: int) -> None:
    wait_until(lambda: _hears(address, port), f"an answer of {address}:{port}")


def test_traffic_goes_on_without_the_daemon(daemon: Daemon) -> None:
    container = _serve(daemon)
    address, port = _place(daemon, container)
    _wait_hears("127.0.0.1", port)
    daemon.kill()
    _wait_hears("127.0.0.1", port)
    _wait_hears(address, 80)
    daemon.start()
    assert _place(daemon, container) == (address, port)
    _wait_hears("127.0.0.1", port)


def test_what_a_running_container_has_is_not_given_to_another(daemon: Daemon) -> None:
    container = _serve(daemon)
    address, port = _place(daemon, container)
    daemon.kill()
    daemon.start()
    other = _serve(daemon)
    assert _place(daemon, other)[0] != address
    wanted = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
    body = {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"PortBindings": wanted}}
    created = daemon.request("POST", "/containers/create", body)[1]["Id"]
    status, answer = daemon.request("POST", f"/containers/{created}/start")
    assert status == 500
    assert "port is already allocated" in answer["message"]
    with socket.socket() as program, pytest.raises(OSError, match="in use"):
        program.bind(("127.0.0.1", port))


def test_an_end_while_the_daemon_is_away_is_cleaned_up(daemon: Daemon) -> None:
    container = _serve(daemon)
    _, port = _place(daemon, container)
    pid = daemon.state(container)["Pid"]
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    daemon.wait_for_ends()
    daemon.start()
    assert _settings(daemon, container)["Networks"]["bridge"]["IPAddress"] == ""
    wait_until(lambda: f". {port} :" not in daemon.rules(), "its port to be given back")
    daemon.assert_nothing_left(before=[f"file {daemon.data_root / 'containers' / container}"])
    assert daemon.request("POST", f"/containers/{container}/start")[0] == 204


@pytest.mark.parametrize("is_away", [False, True], ids=["there", "away"])
def test_a_shim_that_is_killed_leaves_nothing(daemon: Daemon, is_away: bool) -> None:
    container = _serve(daemon)
    shim = daemon.shim_of(container)
    if is_away:
        daemon.kill()
    os.kill(shim, signal.SIGKILL)
    if is_away:
        daemon.start()
    wait_until(lambda: not daemon.state(container)["Running"], "its end")
    daemon.assert_nothing_left(before=[f"file {daemon.data_root / 'containers' / container}"])


def test_bridge_and_rules_come_back(daemon: Daemon) -> None:
    """Somebody flushed the rules and removed the bridge."""
    daemon.request("POST", "/networks/create", {"Name": "net"})
    container = _serve(daemon, "net")
    address, port = _place(daemon, container)
    network_id = daemon.request("GET", "/networks/net")[1]["Id"]
    _wait_hears("127.0.0.1", port)
    subprocess.run(["nft", "delete", "table", "inet", daemon.table], check=True)
    subprocess.run(["ip", "link", "delete", f"br-{network_id[:12]}"], check=True)
    assert not _hears("127.0.0.1", port)
    daemon.kill()
    daemon.start()
    _wait_hears("127.0.0.1", port)
    _wait_hears(address, 80)


def test_a_bridge_that_somebody_removed_is_made_for_the_next_container(daemon: Daemon) -> None:
    daemon.run("true", NetworkMode="bridge")
    (bridge,) = [name for name in daemon.interfaces() if name.startswith("sc-")]
    subprocess.run(["ip", "link", "delete", bridge], check=True)
    container = _serve(daemon)
    _wait_hears(_place(daemon, container)[0], 80)


def test_a_disconnect_is_done_or_not_wherever_the_daemon_dies(daemon: Daemon) -> None:
    daemon.request("POST", "/networks/create", {"Name": "left"})
    container = _serve(daemon)
    for step in itertools.count():
        daemon.request("POST", "/networks/left/connect", {"Container": container})
        if not daemon.dies_in(step, "POST", "/networks/left/disconnect", {"Container": container}):
            break
        daemon.start()
        networks = _settings(daemon, container)["Networks"]
        assert all(network["IPAddress"] for network in networks.values()), step
    assert step > 1
    daemon.kill()  # it counts still
    daemon.start()


def test_a_start_is_done_or_not_wherever_the_daemon_dies(daemon: Daemon) -> None:
    """What was made in a namespace goes with it, though no end of it is on the host."""
    parent = f"sc{secrets.token_hex(3)}"
    body = {"Name": "net", "Driver": "macvlan", "Options": {"parent": parent}}
    subprocess.run(["ip", "link", "add", parent, "type", "veth"], check=True)
    try:
        assert daemon.request("POST", "/networks/create", body)[0] == 201
        assert_starts_are_whole(daemon, "net")
    finally:
        subprocess.run(["ip", "link", "delete", parent], check=True)


def test_the_daemon_dies_at_any_moment(daemon: Daemon) -> None:
    """Starts, ends, connects and networks half made: after each death all is as it is told."""
    chance = random.Random(1)
    for number in range(12):
        name = f"net{number}"
        hand = threading.Thread(target=_work, args=(daemon, name))
        hand.start()
        time.sleep(chance.uniform(0, 0.25))
        daemon.kill()
        hand.join()
        daemon.start()
        for container in daemon.request("GET", "/containers/json?all=1")[1]:
            shown = [n["IPAddress"] for n in container["NetworkSettings"]["Networks"].values()]
            assert all(shown) == (container["State"] == "running"), container
        daemon.remove_containers()
        daemon.request("POST", "/networks/prune")
        daemon.assert_nothing_left()


def _work(daemon: Daemon, name: str) -> None:
    """Do what there is to do with a network, until the daemon is gone."""
    try:
        daemon.request("POST", "/networks/create", {"Name": name})
        body = {
            "Image": "busybox",
            "Cmd": ["sleep", "600"],
            "HostConfig": {"NetworkMode": name, "PortBindings": PUBLISHED},
        }
        container = daemon.request("POST", "/containers/create", body)[1]["Id"]
        daemon.request("POST", f"/containers/{container}/start")
        daemon.request("POST", "/networks/bridge/connect", {"Container": container})
        daemon.request("POST", f"/networks/{name}/disconnect", {"Container": container})
        daemon.request("POST", f"/containers/{container}/kill")
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return  # it died on the way
