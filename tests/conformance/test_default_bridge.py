"""Addresses of the default bridge as the daemon is told them, by the docker CLI."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon, running_daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]

# Of nobody else, so that two runs do not meet.
NUMBER = secrets.randbelow(1 << 14)
NET = f"10.{192 + (NUMBER >> 8)}.{NUMBER & 255}"
OTHER_NET = f"10.{128 + (NUMBER >> 8)}.{NUMBER & 255}"
# No group begins with 0, which is not written.
NET_V6 = f"fd{secrets.token_hex(1)}:1{secrets.token_hex(1)}:1{secrets.token_hex(1)}:1"
SAID: dict[str, Any] = {
    "bip": f"{NET}.1/24",
    "fixed-cidr": f"{NET}.128/25",
    "default-gateway": f"{NET}.254",
    "ipv6": True,
    "fixed-cidr-v6": f"{NET_V6}::/64",
    "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1400"}},
    "host-gateway-ips": ["192.0.2.9", "2001:db8::9"],
}


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    path = tmp_path_factory.mktemp("bridge") / "daemon.json"
    path.write_text(json.dumps(SAID))
    with running_daemon("--config-file", str(path)) as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(scope="module")
def engine(daemon: Daemon) -> Engine:
    return Engine(daemon.host, daemon)


def test_containers_get_what_the_keys_say(docker: Docker) -> None:
    shown = json.loads(docker.ok("network", "inspect", "-f", "{{json .}}", "bridge"))
    assert shown["EnableIPv6"]
    assert shown["IPAM"]["Config"] == [
        {
            "Subnet": f"{NET}.0/24",
            "IPRange": f"{NET}.128/25",
            "Gateway": f"{NET}.1",
            "AuxiliaryAddresses": {"DefaultGatewayIPv4": f"{NET}.254"},
        },
        {"Subnet": f"{NET_V6}::/64", "IPRange": f"{NET_V6}::/64", "Gateway": f"{NET_V6}::1"},
    ]
    script = "ip -4 route; ip -6 route; ip -4 -o addr show eth0; ip -6 -o addr show eth0"
    found = docker.ok("run", "--rm", "busybox", "sh", "-c", script)
    assert f"default via {NET}.254 dev eth0" in found
    assert f"default via {NET_V6}::1 dev eth0" in found
    assert f"inet {NET}.128/24" in found
    assert f"inet6 {NET_V6}::2/64" in found
    # The bridge itself is there, at its own address of both versions.
    docker.ok("run", "--rm", "busybox", "ping", "-c1", "-W60", f"{NET}.1")
    docker.ok("run", "--rm", "busybox", "ping", "-6", "-c1", "-W60", f"{NET_V6}::1")
    # An address asked for may be outside of the part that is given out by itself.
    network = docker.name
    docker.ok("network", "create", "--subnet", f"{OTHER_NET}.0/24", "--aux-address",
              f"DefaultGatewayIPv4={OTHER_NET}.9", network)  # fmt: skip
    routes = docker.ok("run", "--rm", "--network", network, "busybox", "ip", "route")
    assert f"default via {OTHER_NET}.9 dev eth0" in routes


def test_new_networks_have_the_options_that_the_keys_say(docker: Docker) -> None:
    option, mtu = "com.docker.network.driver.mtu", ("cat", "/sys/class/net/eth0/mtu")
    # Of the second a packet of IPv6 would be too long: it has to do without.
    names = (f"{docker.name}-1", f"{docker.name}-2")
    docker.ok("network", "create", names[0])
    docker.ok("network", "create", "-o", f"{option}=1200", names[1])
    shown = docker.ok("network", "inspect", "-f", "{{json .Options}}", *names).splitlines()
    assert [json.loads(each) for each in shown] == [{option: "1400"}, {option: "1200"}]
    found = [docker.ok("run", "--rm", "--network", name, "busybox", *mtu) for name in names]
    assert found == ["1400", "1200"]


def test_what_host_gateway_stands_for(docker: Docker) -> None:
    hosts = docker.ok("run", "--rm", "--add-host", "outside:host-gateway", "busybox", "cat",
                      "/etc/hosts")  # fmt: skip
    assert "192.0.2.9\toutside\n2001:db8::9\toutside\n" in hosts


def test_the_bridge_follows_what_the_next_daemon_is_told(docker: Docker, daemon: Daemon) -> None:
    path = Path(daemon.flags[1])
    docker.ok("run", "--rm", "busybox", "true")  # the bridge is there
    daemon.stop()
    path.write_text(json.dumps({"fixed-cidr": f"{NET}.64/26"}))
    daemon.start()
    routes = docker.ok("run", "--rm", "busybox", "ip", "route")
    assert f"default via {NET}.65 dev eth0" in routes
    docker.ok("run", "--rm", "busybox", "ping", "-c1", "-W60", f"{NET}.65")
    (bridge,) = [name for name in daemon.interfaces() if name.startswith("sc-")]
    command = ["ip", "-j", "addr", "show", "dev", bridge, "scope", "global"]
    shown = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert [f"{a['local']}/{a['prefixlen']}" for a in shown[0]["addr_info"]] == [f"{NET}.65/26"]


def test_a_bridge_of_the_host_has_its_own_addresses(
    docker: Docker, daemon: Daemon, request: pytest.FixtureRequest
) -> None:
    name = f"sct{os.getpid()}"
    commands = [
        ["link", "add", name, "type", "bridge"],
        ["address", "add", f"{NET}.201/27", "dev", name],
        ["link", "set", name, "up"],
    ]
    subprocess.run(["ip", *commands[0]], check=True)
    request.addfinalizer(lambda: subprocess.run(["ip", "link", "delete", name], check=True))
    for command in commands[1:]:
        subprocess.run(["ip", *command], check=True)
    daemon.stop()
    gateway = f"{NET}.222"
    said = {"bridge": name, "fixed-cidr": f"{NET}.208/28", "default-gateway": gateway}
    Path(daemon.flags[1]).write_text(json.dumps(said))
    daemon.start()
    script = "ip route; ip -4 -o addr show eth0"
    found = docker.ok("run", "--rm", "busybox", "sh", "-c", script)
    assert f"default via {gateway} dev eth0" in found
    assert f"inet {NET}.208/27" in found
