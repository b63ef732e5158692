"""Who reaches whom: two hosts, one with a daemon and its networks, the other a client on its link.

    client (10.99.7.2, fd99::2) ──veth── host (10.99.7.1, fd99::1): seacand, bridges, containers

The client has routes to all container networks by way of the host, as a neighbour could set them.
"""

import contextlib
import functools
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

HOST, CLIENT = "10.99.7.1", "10.99.7.2"
HOST6, CLIENT6 = "fd99::1", "fd99::2"
ANYWHERE, LOOPBACK = 8001, 8002
SERVE: Final = (
    "for port in 80 81; do while :; do echo hello | nc -l -p $port >/dev/null; done & done; wait"
)

SOURCE: Final = "10.99.7.9"  # a further address of the host
GATEWAY: Final = "10.99.8.1"  # the client, which is also in the bridge of the network `lan`

TRUSTED: Final = "com.docker.network.bridge.trusted_host_interfaces"
MODE: Final = "com.docker.network.bridge.gateway_mode_ipv"
NETWORKS: Final[dict[str, dict[str, Any]]] = {
    "user": {},
    "other": {},
    "internal": {"Internal": True},
    "apart": {"Options": {"com.docker.network.bridge.enable_icc": "false"}},
    "closed": {"Options": {"com.docker.network.bridge.enable_ip_masquerade": "false"}},
    "six": {"EnableIPv6": True},
    "routed": {
        "EnableIPv6": True,
        "Options": {f"{MODE}4": "routed", f"{MODE}6": "routed"},
    },
    "half": {"EnableIPv6": True, "Options": {f"{MODE}6": "routed"}},
    "open": {"Options": {f"{MODE}4": "nat-unprotected"}},
    "isolated": {
        "Internal": True,
        "EnableIPv6": True,
        "Options": {f"{MODE}4": "isolated", f"{MODE}6": "isolated"},
    },
    "guarded": {"Options": {"seacan.published_ports": "relay"}},
    "trusting": {"EnableIPv6": True, "Options": {TRUSTED: "absent0:uplink"}},
    "cautious": {"Options": {TRUSTED: "uplink", "seacan.published_ports": "relay"}},
    "hidden": {"Internal": True, "Options": {TRUSTED: "uplink"}},
    "named": {"Options": {"com.docker.network.host_ipv4": SOURCE}},
    "lan": {
        "Options": {
            "com.docker.network.bridge.inhibit_ipv4": "true",
            "com.docker.network.bridge.name": "sc-lan",
        },
        "IPAM": {"Config": [{"Subnet": "10.99.8.0/24", "Gateway": GATEWAY}]},
    },
    "macvlan": {
        "Driver": "macvlan",
        "Options": {"parent": "uplink"},
        "IPAM": {
            "Config": [{"Subnet": "10.99.7.0/24", "IPRange": "10.99.7.128/25", "Gateway": CLIENT}]
        },
    },
}  # fmt: skip

# Where the server is, who asks, by which address; and whether there is an answer.
MATRIX: Final = [
    ("bridge", "bridge", "own", True),
    ("bridge", "user", "own", False),
    ("bridge", "host", "own", True),
    ("bridge", "client", "own", False),
    ("bridge", "itself", "published", True),
    ("bridge", "bridge", "published", True),
    ("bridge", "user", "published", True),
    ("bridge", "host", "published", True),
    ("bridge", "host", "published on 127.0.0.1", True),
    ("bridge", "client", "published", True),
    ("bridge", "client", "loopback", False),
    ("bridge", "user", "loopback", False),
    ("bridge", "client", "127.0.0.1", False),
    ("user", "user", "own", True),
    ("user", "bridge", "own", False),
    ("user", "other", "own", False),
    ("user", "host", "own", True),
    ("user", "client", "own", False),
    ("user", "itself", "published", True),
    ("user", "user", "published", True),
    ("user", "other", "published", True),
    ("user", "client", "published", True),
    ("user", "client", "loopback", False),
    ("user", "client", "127.0.0.1", False),
    ("internal", "internal", "own", True),
    ("internal", "user", "own", False),
    ("internal", "host", "own", True),
    ("internal", "client", "own", False),
    ("apart", "apart", "own", False),
    ("apart", "host", "own", True),
    ("apart", "client", "published", True),
    ("six", "six", "own", True),
    ("six", "six", "own, IPv6", True),
    ("six", "user", "own", False),
    ("six", "host", "own, IPv6", True),
    ("six", "client", "own, IPv6", False),
    ("six", "client", "published, IPv6", True),
    ("six", "itself", "published, IPv6", True),
    ("guarded", "itself", "published", True),
    ("guarded", "guarded", "published", True),
    ("guarded", "user", "published", True),
    ("guarded", "host", "published on 127.0.0.1", True),
    ("guarded", "client", "published", True),
    ("guarded", "client", "loopback", False),
    ("guarded", "client", "127.0.0.1", False),
    ("guarded", "client", "own", False),
    ("trusting", "client", "own", True),
    ("trusting", "client", "own, IPv6", True),
    ("trusting", "client", "own, not published", False),
    ("trusting", "client", "published", True),
    ("trusting", "client", "loopback", False),
    ("trusting", "client", "127.0.0.1", False),
    ("trusting", "user", "own", False),
    ("cautious", "client", "own", True),
    ("cautious", "client", "own, not published", False),
    ("hidden", "client", "own", False),
    ("lan", "lan", "own", True),
    ("lan", "host", "own", False),
    ("lan", "client", "own, not published", True),
    ("macvlan", "client", "own", True),
    ("macvlan", "macvlan", "own", True),
    ("macvlan", "bridge", "own", False),
    ("closed", "host", "own", True),
    ("closed", "client", "own", False),
    ("closed", "user", "own", False),
    ("closed", "client", "published", True),
    ("routed", "client", "own", True),
    ("routed", "client", "own, IPv6", True),
    ("routed", "client", "own, not published", False),
    ("routed", "client", "published", False),
    ("routed", "user", "own", True),
    ("routed", "user", "own, not published", False),
    ("routed", "internal", "own", False),
    ("routed", "host", "own, not published", True),
    ("routed", "routed", "own, not published", True),
    ("half", "client", "own", False),
    ("half", "client", "published", True),
    ("half", "client", "own, IPv6", True),
    ("half", "client", "published, IPv6", False),
    ("open", "client", "own", True),
    ("open", "client", "own, not published", True),
    ("open", "client", "published", True),
    ("open", "user", "own", False),
    ("isolated", "isolated", "own", True),
    ("isolated", "isolated", "own, IPv6", True),
    ("isolated", "host", "own", False),
    ("isolated", "host", "own, IPv6", False),
    ("isolated", "client", "own", False),
    ("joined", "bridge", "published", True),
    ("joined", "client", "published", True),
    ("shared", "client", "host's port", True),
]

# Whether a container in a network reaches the client, beyond the host.
OUTSIDE: Final = [
    ("bridge", True),
    ("user", True),
    ("internal", False),
    ("six", True),
    ("macvlan", True),
    ("none", False),
    ("host", True),
    ("closed", True),  # the client knows the way back
    ("routed", True),  # so it does here
    ("open", True),
    ("isolated", False),
    ("trusting", True),
    ("hidden", False),
    ("named", True),
    ("lan", True),  # past the host
]


@dataclass
class Lab:
    name: str
    daemon: Daemon
    askers: dict[str, str] = field(default_factory=dict)

    def enter(self, side: str) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self.name}-{side}"]

    def settings(self, container: str) -> dict[str, dict[str, str]]:
        answer = self.daemon.request("GET", f"/containers/{container}/json")[1]
        networks: dict[str, dict[str, str]] = answer["NetworkSettings"]["Networks"]
        return networks

    def run(self, network: str, *, script: str = "sleep 600", **host_config: Any) -> str:
        return self.daemon.run(script, NetworkMode=network, **host_config)

    def asker(self, network: str) -> str:
        if network not in self.askers:
            self.askers[network] = self.run(network)
        return self.askers[network]

    def hears(self, where: list[str], address: str, port: int) -> bool:
        command = [*where, "busybox", "nc", "-w", "1", address, str(port)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.stdout == b"hello\n"

    def inside(self, container: str) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.daemon.state(container)['Pid']}/ns/net"]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextlib.contextmanager
def _two_hosts() -> Iterator[str]:
    name = f"sc{secrets.token_hex(3)}"
    host, client = f"{name}-host", f"{name}-client"
    try:
        for namespace in (host, client):
            _ip("netns", "add", namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", host, "link", "add", "uplink", "type", "veth", "peer", "name", "wire")
        _ip("-n", host, "link", "set", "wire", "netns", client)
        for namespace, link, four, six in (
            (host, "uplink", HOST, HOST6), (client, "wire", CLIENT, CLIENT6),
        ):  # fmt: skip
            _ip("-n", namespace, "link", "set", link, "up")
            _ip("-n", namespace, "addr", "add", f"{four}/24", "dev", link)
            _ip("-n", namespace, "addr", "add", f"{six}/64", "dev", link, "nodad")
        _ip("-n", host, "addr", "add", f"{SOURCE}/24", "dev", "uplink")
        # The client takes 127.0.0.1 for the host's: a packet on the wire that no kernel would send.
        _ip("-n", client, "addr", "del", "127.0.0.1/8", "dev", "lo")
        enter = ["nsenter", f"--net=/run/netns/{client}"]
        localnet = "/proc/sys/net/ipv4/conf/all/route_localnet"
        subprocess.run([*enter, "sh", "-c", f"echo 1 >{localnet}"], check=True)
        for route in ("127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"):
            _ip("-n", client, "route", "add", route, "via", HOST, "src", CLIENT)
        _ip("-n", client, "route", "add", "fd00::/8", "via", HOST6)
        yield name
    finally:
        for namespace in (host, client):
            subprocess.run(["ip", "netns", "delete", namespace], check=False)


@pytest.fixture(scope="module")
def lab(busybox_tar: Path) -> Iterator[Lab]:
    with (
        _two_hosts() as name,
        running_daemon(start_with=lambda _: ["nsenter", f"--net=/run/netns/{name}-host"]) as daemon,
    ):
        daemon.load(busybox_tar)
        lab = Lab(name, daemon)
        for network, settings in NETWORKS.items():
            status, answer = daemon.request(
                "POST", "/networks/create", {"Name": network, **settings}
            )
            assert status == 201, answer
        _join_lan(name)
        with _listening(lab, "client", 99):
            yield lab
        daemon.remove_containers()
        daemon.request("POST", "/networks/prune")


def _join_lan(name: str) -> None:
    """Put the client into the bridge of the network whose gateway it is."""
    host, client = f"{name}-host", f"{name}-client"
    _ip("-n", host, "link", "add", "branch", "type", "veth", "peer", "name", "leaf")
    _ip("-n", host, "link", "set", "leaf", "netns", client)
    _ip("-n", host, "link", "set", "branch", "master", "sc-lan", "up")
    _ip("-n", client, "link", "set", "leaf", "up")
    _ip("-n", client, "addr", "add", f"{GATEWAY}/24", "dev", "leaf")


@contextlib.contextmanager
def _listening(lab: Lab, side: str, port: int) -> Iterator[None]:
    """Have somebody say hello at a port of a host."""
    command = f"while :; do echo hello | busybox nc -l -p {port} >/dev/null; done"
    server = subprocess.Popen([*lab.enter(side), "sh", "-c", command], process_group=0)
    try:
        yield
    finally:
        os.killpg(server.pid, 9)
        server.wait()


@pytest.fixture
def server(lab: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """A server in the network that the test is about, its ports published."""
    bindings = {
        "80/tcp": [
            {"HostIp": "0.0.0.0", "HostPort": str(ANYWHERE)},
            {"HostIp": "127.0.0.1", "HostPort": str(LOOPBACK)},
        ]
    }
    network = request.param
    if network in ("six", "routed", "half", "trusting"):
        bindings["80/tcp"].append({"HostIp": "::", "HostPort": str(ANYWHERE)})
    own = "bridge" if network == "joined" else "host" if network == "shared" else network
    published: dict[str, Any] = {} if own in ("host", "macvlan") else {"PortBindings": bindings}
    made = []
    if network == "joined":
        made.append(lab.run("bridge", **published))
        made.append(lab.run(f"container:{made[0]}", script=SERVE))
    else:
        made.append(lab.run(own, script=SERVE, **published))
    yield made[-1]
    for container in made:
        lab.daemon.request("DELETE", f"/containers/{container}?force=1")


def _target(lab: Lab, server: str, network: str, target: str) -> tuple[str, int]:
    match target:
        case "own":
            return lab.settings(server)[network]["IPAddress"], 80
        case "own, not published":
            return lab.settings(server)[network]["IPAddress"], 81
        case "own, IPv6":
            return lab.settings(server)[network]["GlobalIPv6Address"], 80
        case "published":
            return HOST, ANYWHERE
        case "published, IPv6":
            return HOST6, ANYWHERE
        case "loopback":
            return HOST, LOOPBACK
        case "published on 127.0.0.1" | "127.0.0.1":
            return "127.0.0.1", LOOPBACK
    assert target == "host's port"
    return HOST, 80


@pytest.mark.parametrize(
    ("server", "network", "asker", "target", "is_heard"),
    [(network, network, *rest) for network, *rest in MATRIX],
    indirect=["server"],
    ids=[f"{network}: {asker} asks {target}" for network, asker, target, _ in MATRIX],
)
def test_who_hears(
    lab: Lab, server: str, network: str, asker: str, target: str, is_heard: bool
) -> None:
    address, port = _target(lab, server, network, target)
    if asker in ("host", "client"):
        where = lab.enter(asker)
    else:
        where = lab.inside(server if asker == "itself" else lab.asker(asker))
    wait_until(lambda: lab.hears(lab.inside(server), "127.0.0.1", 80), "the server to listen")
    if is_heard:
        wait_until(lambda: lab.hears(where, address, port), "an answer")
    else:
        assert not lab.hears(where, address, port)


@pytest.mark.parametrize(("network", "is_heard"), OUTSIDE)
def test_the_way_out(lab: Lab, network: str, is_heard: bool) -> None:
    where = lab.inside(lab.asker(network))
    if is_heard:
        wait_until(lambda: lab.hears(where, CLIENT, 99), "an answer")
    else:
        assert not lab.hears(where, CLIENT, 99)


ASKED_BY: Final = """
import socket
server = socket.create_server(("", 98))
print("listens", flush=True)
print(server.accept()[1][0])
"""


@pytest.mark.parametrize(("network", "address"), [("user", HOST), ("named", SOURCE)])
def test_who_leaves(lab: Lab, network: str, address: str) -> None:
    """The host, by the address that the network's options name."""
    command = [*lab.enter("client"), sys.executable, "-c", ASKED_BY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "listens\n"
        where = lab.inside(lab.asker(network))
        wait_until(lambda: lab.hears(where, CLIENT, 98) or server.poll() is not None, "its way")
        assert server.stdout.read() == f"{address}\n"


def test_the_host_has_no_address_where_it_is_inhibited(lab: Lab) -> None:
    command = [*lab.enter("host"), "ip", "-4", "addr", "show"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "uplink" in shown
    assert "sc-lan" not in shown
    config = lab.daemon.request("GET", "/networks/lan")[1]["IPAM"]["Config"]
    assert config == [{"Subnet": "10.99.8.0/24", "Gateway": GATEWAY}]


FIREWALL: Final = """
table inet host_firewall {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname != "uplink" accept
    ct state established,related accept
    tcp dport 8002 accept
  }
}
"""


@contextlib.contextmanager
def _firewall(lab: Lab) -> Iterator[None]:
    """The host lets nobody in from its link, but at one port that is not ours."""
    subprocess.run([*lab.enter("host"), "nft", "-f", "-"], input=FIREWALL, text=True, check=True)
    try:
        yield
    finally:
        table = ["nft", "delete", "table", "inet", "host_firewall"]
        subprocess.run([*lab.enter("host"), *table], check=True)


@pytest.mark.parametrize(
    ("server", "is_heard"), [("user", True), ("guarded", False)], indirect=["server"]
)
def test_whether_the_hosts_rules_of_input_hold(lab: Lab, server: str, is_heard: bool) -> None:
    """Rules that lead to published ports come before them, a relay is a program behind them."""
    wait_until(lambda: lab.hears(lab.enter("client"), HOST, ANYWHERE), "an answer")
    with _firewall(lab):
        for side, expected in (("host", True), ("client", is_heard)):

            def is_answered(side: str = side) -> bool:
                return lab.hears(lab.enter(side), HOST, ANYWHERE)

            if expected:
                wait_until(is_answered, f"an answer to the {side}")
            else:
                assert not any(is_answered() for _ in range(3))
    wait_until(lambda: lab.hears(lab.enter("client"), HOST, ANYWHERE), "an answer")


def test_what_a_relay_does_not_carry_is_refused(lab: Lab) -> None:
    body = {
        "Image": "busybox",
        "HostConfig": {"NetworkMode": "guarded", "PortBindings": {"80/sctp": [{}]}},
    }
    created = lab.daemon.request("POST", "/containers/create", body)[1]["Id"]
    status, answer = lab.daemon.request("POST", f"/containers/{created}/start")
    assert status == 501
    assert "a relay carries tcp and udp alone" in answer["message"]
    lab.daemon.request("DELETE", f"/containers/{created}")


def test_ports_of_a_routed_network_are_none_of_the_hosts(lab: Lab) -> None:
    """Two have the same one; the next daemon finds them as they were, and gives them back."""
    bindings = {"80/tcp": [{"HostPort": "8003"}, {"HostIp": "::", "HostPort": "8004"}]}
    one, other = (lab.run("routed", script=SERVE, PortBindings=bindings) for _ in range(2))
    ports = {"80/tcp": [{"HostIp": address, "HostPort": ""} for address in ("0.0.0.0", "::", "::")]}

    def shown(container: str) -> Any:
        answer = lab.daemon.request("GET", f"/containers/{container}/json")[1]
        return answer["NetworkSettings"]["Ports"]

    assert shown(one) == shown(other) == ports
    listed = lab.daemon.request("GET", "/containers/json")[1]
    found = next(each["Ports"] for each in listed if each["Id"] == one)
    assert found[0] == {"IP": "0.0.0.0", "PrivatePort": 80, "Type": "tcp"}
    lab.daemon.kill()
    lab.daemon.start()
    assert shown(one) == shown(other) == ports
    for container in (one, other):
        address = lab.settings(container)["routed"]["IPAddress"]
        is_heard = functools.partial(lab.hears, lab.enter("client"), address, 80)
        wait_until(is_heard, "an answer")
        status, _ = lab.daemon.request(
            "POST", f"/containers/{container}/update", {"PublishRemove": {"80/tcp": None}}
        )
        assert status == 200
        assert not is_heard()
        lab.daemon.request("DELETE", f"/containers/{container}?force=1")


def test_an_isolated_network_has_no_gateway(lab: Lab) -> None:
    config = lab.daemon.request("GET", "/networks/isolated")[1]["IPAM"]["Config"]
    assert [each.keys() for each in config] == [{"Subnet"}, {"Subnet"}]
    body = {"Name": "x", "Options": {f"{MODE}4": "isolated"}}
    status, answer = lab.daemon.request("POST", "/networks/create", body)
    assert (status, answer["message"]) == (
        400, "gateway mode 'isolated' can only be used for an internal network",
    )  # fmt: skip
