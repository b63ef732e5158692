"""Networks of the driver ipvlan, on a kernel that has it.

    container ── ipvlan ── uplink ═══ wire, in a namespace: another host, and the way to it

In mode l2 the containers are neighbours of that host, in the others behind this one.
"""

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.cut_short import assert_starts_are_whole
from tests.daemon import Daemon, wait_until
from tests.vm.docker_cli import docker

pytestmark = pytest.mark.vm

UPLINK: Final = "uplink"
OUTSIDE: Final = "10.98.6.1"
ROUTER: Final = "10.98.6.2"
OUTSIDE6: Final = "fd98:6::1"
ROUTER6: Final = "fd98:6::2"
SUBNETS: Final = {  # mode: addresses of its containers
    "l2": ("10.98.7.0/24", "fd98:7::/64"),
    "l3": ("10.98.8.0/24", "fd98:8::/64"),
    "l3s": ("10.98.9.0/24", "fd98:9::/64"),
}


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module", autouse=True)
def _other_host() -> Iterator[None]:
    name = f"sc{secrets.token_hex(3)}"
    for module in ("ipvlan", "macvlan", "8021q"):
        subprocess.run(["busybox", "modprobe", module], check=True)
    _ip("netns", "add", name)
    try:
        _ip("link", "add", UPLINK, "type", "veth", "peer", "name", "wire", "netns", name)
        _ip("link", "set", UPLINK, "up")
        _ip("-n", name, "link", "set", "wire", "up")
        for router, outside, length, gateway in (
            (ROUTER, OUTSIDE, 24, "10.98.7.1"), (ROUTER6, OUTSIDE6, 64, "fd98:7::1"),
        ):  # fmt: skip
            _ip("addr", "add", f"{router}/{length}", "dev", UPLINK, "nodad")
            for address in (outside, gateway):
                _ip("-n", name, "addr", "add", f"{address}/{length}", "dev", "wire", "nodad")
        for subnet, subnet6 in (SUBNETS["l3"], SUBNETS["l3s"]):
            _ip("-n", name, "route", "add", subnet, "via", ROUTER)
            _ip("-n", name, "route", "add", subnet6, "via", ROUTER6)
        yield
    finally:
        _ip("netns", "delete", name)  # and with it the wire


@pytest.fixture(autouse=True)
def _everything_is_given_back(engine: Daemon) -> Iterator[None]:
    """A parent of ipvlan interfaces, also of one that is just going, cannot be macvlan's."""
    yield
    engine.remove_containers()
    engine.request("POST", "/networks/prune")
    assert not [name for name in engine.interfaces() if not name.startswith("sc-")]
    wait_until(_uplink_is_free, "the uplink to be nobody's parent")


def _uplink_is_free() -> bool:
    words = ["link", "add", "probe", "link", UPLINK, "type", "macvlan"]
    if subprocess.run(["ip", *words], capture_output=True, check=False).returncode:
        return False
    _ip("link", "delete", "probe")
    return True


Create = Callable[..., None]


@pytest.fixture
def create(engine: Daemon) -> Create:
    def create(name: str, *words: str, mode: str = "l2", parent: str = UPLINK) -> None:
        subnet, subnet6 = SUBNETS[mode]
        options = ["-o", f"ipvlan_mode={mode}", *(["-o", f"parent={parent}"] if parent else [])]
        addresses = ["--subnet", subnet, "--ipv6", "--subnet", subnet6]
        done = docker(
            engine, "network", "create", "-d", "ipvlan", *options, *addresses, *words, name
        )
        assert done.returncode == 0, done.stderr

    return create


def _run(engine: Daemon, name: str, *words: str) -> None:
    done = docker(engine, "run", "-d", "--name", name, *words, "busybox", "sleep", "600")
    assert done.returncode == 0, done.stderr


def _link(engine: Daemon, container: str) -> dict[str, Any]:
    """Return what ip-link(8) tells of eth0 in a container."""
    enter = ["nsenter", f"--net=/proc/{engine.state(container)['Pid']}/ns/net"]
    command = [*enter, "ip", "-json", "-details", "link", "show", "eth0"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    link: dict[str, Any] = json.loads(done.stdout)[0]
    return link


def _data(engine: Daemon, container: str) -> dict[str, Any]:
    data: dict[str, Any] = _link(engine, container)["linkinfo"]["info_data"]
    return data


def _addresses(engine: Daemon, container: str, network: str) -> tuple[str, str]:
    settings = engine.request("GET", f"/containers/{container}/json")[1]["NetworkSettings"]
    endpoint = settings["Networks"][network]
    return endpoint["IPAddress"], endpoint["GlobalIPv6Address"]


def _assert_reaches(engine: Daemon, container: str, *targets: str) -> None:
    for target in targets:
        done = docker(engine, "exec", container, "ping", "-c", "1", "-w", "20", target)
        assert done.returncode == 0, (target, done.stdout, done.stderr)


@pytest.mark.parametrize("mode", sorted(SUBNETS))
def test_who_is_reached(engine: Daemon, create: Create, mode: str) -> None:
    create("net", mode=mode)
    _run(engine, "one", "--network", "net")
    _run(engine, "two", "--network", "net", "--network-alias", "other")
    link = _link(engine, "one")
    uplink = json.loads(_ip("-json", "link", "show", UPLINK))[0]
    assert (link["linkinfo"]["info_kind"], _data(engine, "one")["mode"]) == ("ipvlan", mode)
    assert link["link_index"] == uplink["ifindex"]
    assert link["address"] == uplink["address"]
    addresses = _addresses(engine, "two", "net")
    _assert_reaches(engine, "one", *addresses, "two", "other", OUTSIDE, OUTSIDE6)


def test_an_interface_of_ones_own_as_parent(engine: Daemon, create: Create) -> None:
    """Without `parent` it is a dummy, made and removed with the network."""
    create("net", "--internal", parent="")
    made = [name for name in engine.interfaces() if name.startswith("dm-")]
    assert len(made) == 1
    _run(engine, "one", "--network", "net")
    _run(engine, "two", "--network", "net")
    _assert_reaches(engine, "one", "two")
    engine.remove_containers()
    assert docker(engine, "network", "rm", "net").returncode == 0
    assert not Path("/sys/class/net", made[0]).exists()


def test_a_vlan_as_parent(engine: Daemon, create: Create) -> None:
    create("net", "-o", "com.docker.network.driver.mtu=1400", parent=f"{UPLINK}.10")
    made = json.loads(_ip("-json", "-details", "link", "show", f"{UPLINK}.10"))[0]
    assert made["linkinfo"]["info_data"]["id"] == 10
    _run(engine, "one", "--network", "net")
    link = _link(engine, "one")
    assert (link["link_index"], link["mtu"]) == (made["ifindex"], 1400)
    engine.remove_containers()
    assert docker(engine, "network", "rm", "net").returncode == 0
    assert not Path("/sys/class/net", made["ifname"]).exists()


@pytest.mark.parametrize("flag", ["private", "vepa"])
def test_flags(engine: Daemon, create: Create, flag: str) -> None:
    create("net", "-o", f"ipvlan_flag={flag}")
    _run(engine, "one", "--network", "net")
    _run(engine, "two", "--network", "net")
    assert _data(engine, "one")[flag]
    ping = docker(engine, "exec", "one", "ping", "-c", "1", "-W", "1", "two")
    assert "100% packet loss" in ping.stdout  # no switch outside sends it back


def test_what_is_refused(engine: Daemon, create: Create) -> None:
    create("net")
    second = docker(engine, "network", "create", "-d", "ipvlan", "-o", f"parent={UPLINK}", "second")
    assert f"network net is already using parent interface {UPLINK}" in second.stderr
    words = ["--rm", "--network", "net", "--mac-address", "02:42:00:00:00:99"]
    refused = docker(engine, "run", *words, "busybox", "true")
    assert refused.returncode == 125
    assert "ipvlan interfaces do not support custom mac address assignment" in refused.stderr
    _run(engine, "one", "--network", "net")
    assert _addresses(engine, "one", "net")[0] == "10.98.7.2"  # none was kept for what was refused


def test_connected_and_disconnected_live(engine: Daemon, create: Create) -> None:
    create("net")
    _run(engine, "one", "--network", "net")
    _run(engine, "two", "--network", "none")
    assert docker(engine, "network", "disconnect", "none", "two").returncode == 0
    assert docker(engine, "network", "connect", "net", "two").returncode == 0
    _assert_reaches(engine, "two", "one", OUTSIDE)
    assert docker(engine, "network", "disconnect", "net", "two").returncode == 0
    assert "eth0" not in docker(engine, "exec", "two", "ls", "/sys/class/net").stdout


def test_daemon_that_dies(engine: Daemon, create: Create) -> None:
    """What runs goes on, and is given back by the next."""
    create("net")
    _run(engine, "one", "--network", "net")
    engine.kill()
    engine.start()
    _run(engine, "two", "--network", "net")
    _assert_reaches(engine, "two", "one", OUTSIDE)


@pytest.mark.timeout(600)
def test_a_start_is_done_or_not_wherever_the_daemon_dies(engine: Daemon, create: Create) -> None:
    """Its interface is made, or also up; each time a daemon starts, which takes long here."""
    create("net")
    assert_starts_are_whole(engine, "net", steps=(1, 3))
