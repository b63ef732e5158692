"""Networks, addresses and published ports, by the docker CLI.

All of it holds for dockerd, too, unless a test says otherwise.
"""

import json
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until
from tests.ports import free_port

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SERVE = "while :; do echo hello | nc -l -p {port} >/dev/null; done"


def _start(docker: Docker, *options: str, script: str = "sleep 600") -> str:
    return docker.ok("run", "-d", *options, "busybox", "sh", "-c", script)


def _serve(docker: Docker, *options: str, port: int = 80) -> str:
    return _start(docker, *options, script=SERVE.format(port=port))


def _settings(docker: Docker, container: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(docker.inspect(container, "{{json .NetworkSettings}}"))
    return settings


def _address(docker: Docker, container: str, network: str = "bridge") -> str:
    return str(_settings(docker, container)["Networks"][network]["IPAddress"])


def _greeting(address: str, port: int) -> str:
    """Return what a server says; empty if there is none."""
    try:
        with socket.create_connection((address, port), timeout=3) as connection:
            connection.shutdown(socket.SHUT_WR)
            return connection.makefile().read().strip()
    except OSError:
        return ""


def _heard(docker: Docker, container: str, address: str, port: int) -> str:
    """Return what a server says to a container; empty if there is none."""
    return docker("exec", container, "sh", "-c", f"nc -w 2 {address} {port} </dev/null").out.strip()


@pytest.fixture(scope="module")
def host_address() -> Iterator[str]:
    """An address of the host; of those that it has, some are of what other tests take away."""
    words = ["ip", "address", "{}", f"{_net()}.1/32", "dev", "lo"]
    subprocess.run([word.format("add") for word in words], check=True)
    yield words[3].removesuffix("/32")
    subprocess.run([word.format("delete") for word in words], check=True)


def _net() -> str:
    """Return what addresses of nobody else's begin with, so that two runs do not meet."""
    number = secrets.randbelow(1 << 14)
    return f"10.{128 + (number >> 8)}.{number & 255}"


def _wait_greeting(address: str, port: int) -> None:
    wait_until(lambda: _greeting(address, port) == "hello", f"an answer of {address}:{port}")


def _wait_heard(docker: Docker, container: str, address: str, port: int) -> None:
    """Wait until a server answers a container; it is not listening between two connections."""
    wait_until(
        lambda: _heard(docker, container, address, port) == "hello",
        f"an answer of {address}:{port} to {container}",
    )


@pytest.fixture
def network(docker: Docker) -> str:
    docker.ok("network", "create", docker.name)
    return docker.name


# --- the default bridge -----------------------------------------------------------------------


def test_who_asks_for_nothing_is_on_the_bridge(docker: Docker) -> None:
    container = _start(docker)
    assert docker.inspect(container, "{{.HostConfig.NetworkMode}}") == "bridge"
    settings = _settings(docker, container)
    bridge = settings["Networks"]["bridge"]
    (network,) = json.loads(docker.ok("network", "inspect", "bridge"))
    ipam = network["IPAM"]["Config"][0]
    assert bridge["NetworkID"] == network["Id"]
    assert bridge["Gateway"] == settings["Gateway"] == ipam["Gateway"]
    assert network["Containers"][container]["IPv4Address"] == (
        f"{bridge['IPAddress']}/{bridge['IPPrefixLen']}"
    )
    shown = docker.ok("exec", container, "ip", "-o", "addr", "show", "eth0")
    assert f"inet {bridge['IPAddress']}/{bridge['IPPrefixLen']} " in shown
    assert "inet6" not in shown
    assert bridge["MacAddress"] in docker.ok("exec", container, "ip", "link", "show", "eth0")
    assert f"default via {ipam['Gateway']} dev eth0" in docker.ok("exec", container, "ip", "route")
    assert docker.ok("exec", container, "tail", "-1", "/etc/hosts").split() == [
        bridge["IPAddress"],
        container[:12],
    ]


def test_a_stopped_container_has_no_address(docker: Docker) -> None:
    container = _start(docker)
    docker.ok("kill", container)
    settings = _settings(docker, container)
    assert settings["SandboxID"] == settings["IPAddress"] == ""
    assert settings["Networks"]["bridge"]["IPAddress"] == ""
    docker.ok("start", container)
    assert _settings(docker, container)["IPAddress"]


def test_containers_on_the_bridge_and_the_host_reach_one_another(docker: Docker) -> None:
    server, client = _serve(docker), _start(docker)
    address = _address(docker, server)
    _wait_greeting(address, 80)
    _wait_heard(docker, client, address, 80)


def test_the_gateway_stands_for_the_host(docker: Docker) -> None:
    container = _start(docker, "--add-host", "host:host-gateway")
    gateway = _settings(docker, container)["Gateway"]
    assert f"{gateway}\thost" in docker.ok("exec", container, "cat", "/etc/hosts")


# --- published ports --------------------------------------------------------------------------


def test_a_published_port(docker: Docker, host_address: str) -> None:
    container = _serve(docker, "-p", "80")
    place = docker.ok("port", container, "80").splitlines()[0]
    port = int(place.rpartition(":")[2])
    assert place == f"0.0.0.0:{port}"
    _wait_greeting("127.0.0.1", port)
    _wait_greeting(host_address, port)
    _wait_heard(docker, container, host_address, port)
    other = _start(docker)
    _wait_heard(docker, other, host_address, port)
    assert f"0.0.0.0:{port}->80/tcp" in docker.ok("ps", "--format", "{{.Ports}}", "--filter",
                                                  f"publish={port}")  # fmt: skip
    docker.ok("kill", container)
    assert _greeting("127.0.0.1", port) == ""
    assert docker.ok("port", container) == ""


def test_a_port_of_the_loopback_is_nobody_elses(docker: Docker, host_address: str) -> None:
    container = _serve(docker, "-p", "127.0.0.1::80")
    port = int(docker.ok("port", container, "80").rpartition(":")[2])
    _wait_greeting("127.0.0.1", port)
    assert _greeting(host_address, port) == ""
    other = _start(docker)
    gateway = _settings(docker, other)["Gateway"]
    for address in (host_address, gateway):
        assert _heard(docker, other, address, port) == ""


ECHO = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 53))
while True:
    server.sendto(*server.recvfrom(100))
"""


def test_datagrams_come_to_a_published_port(docker: Docker) -> None:
    container = _start(docker, "-p", "127.0.0.1::53/udp")
    port = int(docker.ok("port", container, "53/udp").rpartition(":")[2])
    namespace = f"/proc/{docker.inspect(container, '{{.State.Pid}}')}/ns/net"
    server = subprocess.Popen(["nsenter", f"--net={namespace}", sys.executable, "-c", ECHO])
    try:
        wait_until(lambda: _echoed(port), "an echo")
    finally:
        server.kill()
        server.wait()


def _echoed(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect(("127.0.0.1", port))
        try:
            client.send(b"x")
            return client.recv(10) == b"x"
        except OSError:
            return False


def test_ranges_and_all_exposed_ports(docker: Docker) -> None:
    container = _start(docker, "-P", "--expose", "7000-7001", "--expose", "70/udp")
    lines = docker.ok("port", container).splitlines()
    assert {line.split()[0] for line in lines} == {"7000/tcp", "7001/tcp", "70/udp"}
    silent = _start(docker, "--expose", "7000-7001")
    assert _settings(docker, silent)["Ports"] == {"7000/tcp": None, "7001/tcp": None}
    shown = docker.ok("ps", "--format", "{{.Ports}}", "--filter", f"id={silent}")
    assert shown == "7000-7001/tcp"


def test_a_port_is_given_once(docker: Docker) -> None:
    port, other = free_port(), f"{docker.name}-2"
    container = _start(docker, "--name", docker.name, "-p", f"127.0.0.1:{port}:80")
    refused = docker("run", "-d", "--name", other, "-p", f"{port}:80", "busybox", "true")
    assert refused.status == 125
    assert "driver failed programming external connectivity on endpoint" in refused.err
    assert f":{port} failed: port is already allocated" in refused.err
    state = json.loads(docker.inspect(other, "{{json .State}}"))
    assert (state["Status"], state["ExitCode"]) == ("created", 128)
    assert _settings(docker, other)["Networks"]["bridge"]["IPAddress"] == ""
    docker.ok("rm", "-f", container)
    docker.ok("start", other)


def test_a_port_of_another_program(docker: Docker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = docker("run", "-p", f"127.0.0.1:{port}:80", "busybox", "true")
    assert refused.status == 125
    assert "address already in use" in refused.err


def test_ports_are_not_published_without_a_network_of_ones_own(docker: Docker) -> None:
    container = _start(docker, "--network", "none", "-p", "80")
    assert _settings(docker, container)["Ports"] == {}


# --- networks of the user's -------------------------------------------------------------------


def test_a_network_is_made_listed_and_removed(docker: Docker) -> None:
    network_id = docker.ok("network", "create", "--label", "a=b", "--internal", docker.name)
    assert docker.ok("network", "inspect", network_id[:10], "-f", "{{.Name}}") == docker.name
    rows = docker.ok("network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}} {{.Driver}}")
    assert f"{network_id} {docker.name} bridge" in rows.splitlines()
    for filters, expected in (
        (["label=a=b"], docker.name), (["label=a=c"], ""), (["type=custom"], docker.name),
        ([f"name={docker.name}", "driver=host"], ""), (["driver=bridge"], docker.name),
    ):  # fmt: skip
        words = [word for text in filters for word in ("--filter", text)]
        names = docker.ok("network", "ls", "--format", "{{.Name}}", *words).split()
        assert (docker.name in names) == bool(expected), filters
    twice = docker("network", "create", docker.name)
    assert f"network with name {docker.name} already exists" in twice.err
    assert docker.ok("network", "rm", docker.name) == docker.name
    assert f"network {docker.name} not found" in docker("network", "rm", docker.name).err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("bridge",), "operation is not permitted on predefined bridge network"),
        (("-d", "foo", "x"), 'plugin "foo" not found'),
        (("-d", "host", "x"), 'only one instance of "host" network is allowed'),
        (("--subnet", "10.251.0.1/24", "x"), "subnet 10.251.0.1/24: it should be 10.251.0.0/24"),
        (("-o", "com.docker.network.driver.mtu=x", "x"),
         "failed to parse com.docker.network.driver.mtu value: x"),
        (("-o", "com.docker.network.bridge.gateway_mode_ipv4=x", "x"), "unknown gateway mode x"),
        (("-d", "macvlan", "-o", "parent=nosuch0", "x"), "invalid subinterface vlan name nosuch0"),
        (("--ipam-driver", "foo", "x"), 'plugin "foo" not found'),
    ],
)  # fmt: skip
def test_networks_that_are_refused(docker: Docker, words: tuple[str, ...], error: str) -> None:
    refused = docker("network", "create", *words)
    assert refused.status == 1
    assert error in refused.err


def test_addresses_of_ones_choice(docker: Docker) -> None:
    net = _net()
    docker.ok(
        "network", "create", "--subnet", f"{net}.0/24", "--ip-range", f"{net}.128/25",
        "--gateway", f"{net}.9", "--aux-address", f"a={net}.129", docker.name,
    )  # fmt: skip
    chosen = _start(docker, "--network", docker.name, "--ip", f"{net}.20",
                    "--mac-address", "02:42:00:00:00:99")  # fmt: skip
    settings = _settings(docker, chosen)["Networks"][docker.name]
    assert settings["IPAddress"] == f"{net}.20"
    assert settings["Gateway"] == f"{net}.9"
    assert settings["MacAddress"] == "02:42:00:00:00:99"
    assert settings["IPAMConfig"] == {"IPv4Address": f"{net}.20"}
    given = _address(docker, _start(docker, "--network", docker.name), docker.name)
    assert given in (f"{net}.128", f"{net}.130")
    taken = docker("run", "--network", docker.name, "--ip", f"{net}.20", "busybox", "true")
    assert "Address already in use" in taken.err
    outside = docker("run", "--network", docker.name, "--ip", "10.1.1.1", "busybox", "true")
    assert "no configured subnet or ip-range contain the IP address 10.1.1.1" in outside.err
    overlap = docker("network", "create", "--subnet", f"{net}.0/25", f"{docker.name}-2")
    assert "Pool overlaps with other one on this address space" in overlap.err


def test_a_subnet_of_ipv6_in_a_network_without(docker: Docker) -> None:
    """As compose files have it that were written before enable_ipv6: taken, told, not used."""
    net, net_v6 = _net(), f"fd{secrets.token_hex(1)}:1{secrets.token_hex(1)}:8"
    docker.ok(
        "network", "create", "--subnet", f"{net}.0/24", "--subnet", f"{net_v6}::/64", docker.name
    )
    config = json.loads(docker.inspect(docker.name, "{{json .IPAM.Config}}"))
    assert [each["Subnet"] for each in config] == [f"{net}.0/24", f"{net_v6}::/64"]
    container = _start(docker, "--network", docker.name, "--ip6", f"{net_v6}::9")
    settings = _settings(docker, container)["Networks"][docker.name]
    assert settings["IPAddress"].startswith(f"{net}.")
    assert settings["GlobalIPv6Address"] == ""
    outside = docker("run", "--network", docker.name, "--ip6", "fd00:251:9::9", "busybox", "true")
    assert "no configured subnet or ip-range contain the IP address fd00:251:9::9" in outside.err


def test_an_address_needs_a_subnet_of_ones_own(docker: Docker, network: str) -> None:
    refused = docker("run", "--network", network, "--ip", "10.1.1.1", "busybox", "true")
    assert "only when connecting to networks with user configured subnets" in refused.err
    refused = docker("run", "--ip", "10.1.1.1", "busybox", "true")
    assert "user specified IP address is supported on user defined networks only" in refused.err


def test_networks_do_not_reach_one_another(docker: Docker, network: str) -> None:
    server = _serve(docker, "--network", network, "--name", docker.name)
    address = _address(docker, server, network)
    _wait_greeting(address, 80)
    _wait_heard(docker, _start(docker, "--network", network), address, 80)
    assert _heard(docker, _start(docker), address, 80) == ""


def test_a_network_in_use_stays(docker: Docker, network: str) -> None:
    container = _start(docker, "--network", network)
    refused = docker("network", "rm", network)
    assert f"network {network} has active endpoints" in refused.err
    docker.ok("kill", container)
    docker.ok("network", "rm", network)
    missing = docker("start", container)
    assert "failed to set up container networking" in missing.err
    assert " not found" in missing.err


def test_an_unknown_network_is_missed_at_the_start(docker: Docker) -> None:
    refused = docker("run", "--network", "nosuch", "busybox", "true")
    assert refused.status == 125
    assert "failed to set up container networking: network nosuch not found" in refused.err


def test_connect_and_disconnect_while_it_runs(docker: Docker, network: str) -> None:
    container = _serve(docker, "--name", docker.name, "-p", "127.0.0.1::80")
    port = int(docker.ok("port", container, "80").rpartition(":")[2])
    docker.ok("network", "connect", "--alias", "other", network, container)
    settings = _settings(docker, container)["Networks"]
    assert settings[network]["DNSNames"] == [docker.name, "other", container[:12]]
    routes = docker.ok("exec", container, "ip", "route")
    assert f"default via {settings['bridge']['Gateway']} dev eth0" in routes
    hosts = docker.ok("exec", container, "cat", "/etc/hosts")
    assert f"{settings[network]['IPAddress']}\t{container[:12]}" in hosts
    _wait_greeting(settings[network]["IPAddress"], 80)
    again = docker("network", "connect", network, container)
    assert f"endpoint with name {docker.name} already exists in network {network}" in again.err

    docker.ok("network", "disconnect", "bridge", container)
    routes = docker.ok("exec", container, "ip", "route")
    assert f"default via {settings[network]['Gateway']} dev eth1" in routes
    assert "eth0" not in docker.ok("exec", container, "ip", "link")
    hosts = docker.ok("exec", container, "cat", "/etc/hosts")
    assert settings["bridge"]["IPAddress"] not in hosts
    assert [*_settings(docker, container)["Networks"]] == [network]
    not_in = docker("network", "disconnect", "bridge", container)
    assert f"container {container} is not connected to network bridge" in not_in.err
    docker.ok("restart", "-t", "0", container)
    assert [*_settings(docker, container)["Networks"]] == [network]
    port = int(docker.ok("port", container, "80").rpartition(":")[2])
    _wait_greeting("127.0.0.1", port)


def test_connect_before_it_runs(docker: Docker, network: str) -> None:
    container = docker.ok("create", "busybox", "ip", "-o", "-4", "addr")
    docker.ok("network", "connect", network, container)
    shown = docker.ok("start", "-a", container)
    assert "eth0" in shown
    assert "eth1" in shown
    docker.ok("network", "disconnect", network, container)
    assert "eth1" not in docker.ok("start", "-a", container)


@pytest.mark.parametrize(
    ("mode", "target", "error"),
    [
        ("bridge", "host", "cannot connect container to host network"),
        ("bridge", "none", "with one of the networks in private (none) mode"),
        ("host", "bridge", "cannot be connected to any other network"),
        ("bridge", "nosuch", "network nosuch not found"),
    ],
)
def test_connections_that_are_refused(docker: Docker, mode: str, target: str, error: str) -> None:
    container = _start(docker, "--network", mode)
    refused = docker("network", "connect", target, container)
    assert error in refused.err


def test_networks_that_nobody_runs_in_are_pruned(docker: Docker, network: str) -> None:
    _start(docker, "--network", network)
    unused = f"{docker.name}-2"
    docker.ok("network", "create", unused)
    label = f"label=seacan.test={docker.name}"
    pruned = docker.ok("network", "prune", "-f", "--filter", label)
    assert pruned.splitlines() == ["Deleted Networks:", unused]


def test_mtu_and_several_networks(docker: Docker) -> None:
    names = [docker.name, f"{docker.name}-2"]
    for name, mtu in zip(names, ("1400", "1300"), strict=True):
        docker.ok("network", "create", "-o", f"com.docker.network.driver.mtu={mtu}", name)
    options = [word for name in names for word in ("--network", name)]
    shown = docker.ok("run", "--rm", *options, "busybox", "ip", "-o", "link")
    mtus = {word for line in shown.splitlines() if "eth" in line for word in line.split()}
    assert {"1400", "1300"} <= mtus


def test_names_of_interfaces(docker: Docker) -> None:
    """What the networks begin them with, and what is asked for; nothing has two of one name.

    Of that dockerd says that a file exists.
    """
    plain, named = docker.name, f"{docker.name}-2"
    docker.ok("network", "create", plain)
    docker.ok("network", "create", "-o", "com.docker.network.container_iface_prefix=lan", named)
    asked = f"name={plain},driver-opt=com.docker.network.endpoint.ifname=web"
    container = _start(docker, "--network", asked, "--network", named)
    docker.ok("network", "connect", "bridge", container)
    names = docker.ok("exec", container, "ls", "/sys/class/net").split()
    assert sorted(names) == ["eth0", "lan0", "lo", "web"]
    docker.ok("network", "disconnect", plain, container)
    option = ("--driver-opt", "com.docker.network.endpoint.ifname=lan0")
    taken = docker("network", "connect", *option, plain, container)
    assert f"network {named} has the interface lan0 of the container" in taken.err


def test_neighbours_are_kept_apart_on_request(docker: Docker) -> None:
    docker.ok("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", docker.name)
    server = _serve(docker, "--network", docker.name)
    address = _address(docker, server, docker.name)
    _wait_greeting(address, 80)
    assert _heard(docker, _start(docker, "--network", docker.name), address, 80) == ""


def test_an_internal_network_has_no_outside(docker: Docker) -> None:
    docker.ok("network", "create", "--internal", docker.name)
    container = _start(docker, "--network", docker.name, "-p", "80")
    assert "default" not in docker.ok("exec", container, "ip", "route")
    server = _serve(docker, "--network", docker.name)
    address = _address(docker, server, docker.name)
    _wait_greeting(address, 80)
    _wait_heard(docker, container, address, 80)


def test_events_of_networks(docker: Docker) -> None:
    watcher = docker.popen("events", "--filter", "type=network", "--format", "{{json .}}")
    found: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: found.extend(map(json.loads, _lines(watcher))))
    reader.start()

    def told(action: str) -> bool:
        return any(
            event["Action"] == action and event["Actor"]["Attributes"]["name"] == docker.name
            for event in found
        )

    def make() -> bool:  # until the watcher listens
        docker.ok("network", "create", docker.name)
        docker.ok("network", "rm", docker.name)
        return told("destroy")

    try:
        wait_until(make, "events")
        docker.ok("network", "create", docker.name)
        container = _start(docker, "--network", docker.name)
        docker.ok("kill", container)
        for action in ("create", "connect", "disconnect", "destroy"):
            wait_until(lambda action=action: told(action), action)  # type: ignore[misc]
    finally:
        watcher.kill()
        reader.join()
        watcher.wait()
        for stream in (watcher.stdin, watcher.stdout):
            assert stream is not None
            stream.close()


def _lines(watcher: subprocess.Popen[str]) -> Iterator[str]:
    assert watcher.stdout is not None
    yield from watcher.stdout


def test_the_namespace_of_another_has_its_network(docker: Docker) -> None:
    server = _serve(docker, "-p", "127.0.0.1::80")
    joined = _start(docker, "--network", f"container:{server}")
    _wait_greeting(_address(docker, server), 80)
    _wait_heard(docker, joined, "127.0.0.1", 80)
    assert _settings(docker, joined)["Networks"] == {}


def test_network_key_is_the_namespace(docker: Docker, engine: Engine) -> None:
    container = _start(docker)
    key = _settings(docker, container)["SandboxKey"]
    if engine.daemon is None:
        pytest.skip("may have another mount namespace")
    command = ["nsenter", f"--net={key}", "ip", "-o", "-4", "addr"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert _address(docker, container) in shown


def test_a_link_local_address(docker: Docker, network: str) -> None:
    container = _start(docker, "--network", network, "--link-local-ip", "169.254.8.8")
    assert "inet 169.254.8.8/16 " in docker.ok("exec", container, "ip", "address", "show", "eth0")
    config = _settings(docker, container)["Networks"][network]["IPAMConfig"]
    assert config == {"LinkLocalIPs": ["169.254.8.8"]}


# --- links ------------------------------------------------------------------------------------


def test_a_link_is_removed(docker: Docker) -> None:
    other, name = _start(docker, "--name", docker.name), f"{docker.name}-2"
    _start(docker, "--name", name, "--link", f"{docker.name}:al")
    assert docker.inspect(f"{name}/al", "{{.Id}}") == other
    assert docker.ok("ps", "-q", "--no-trunc", "-f", f"name={name}/al") == other
    assert docker.ok("rm", "--link", f"{name}/al") == f"{name}/al"
    assert docker.inspect(name, "{{.HostConfig.Links}}") == "[]"
    assert "al" not in docker.ok("exec", name, "cat", "/etc/hosts").split()
    assert len(docker.ok("ps", "-q").split()) >= 2
    for link, answer in (
        (f"{name}/al", f"No such container: {name}/al"),
        (name, "Conflict, cannot remove the default link name of the container"),
    ):
        assert answer in docker("rm", "--link", link).err
    docker.ok("restart", "-t", "0", name)


def test_a_link_is_a_name_and_variables(docker: Docker) -> None:
    options = ("--expose", "80", "--expose", "82-83/udp", "-e", "FOO=bar", "--name", docker.name)
    other = _start(docker, *options)
    address = _address(docker, other)
    container = _start(docker, "--name", f"{docker.name}-2", "--link", f"{docker.name}:al")
    shown = docker.ok("exec", container, "env").splitlines()
    assert {entry for entry in shown if entry.startswith("AL_")} == {
        "AL_ENV_FOO=bar",
        f"AL_NAME=/{docker.name}-2/al",
        f"AL_PORT=tcp://{address}:80",
        f"AL_PORT_80_TCP=tcp://{address}:80",
        f"AL_PORT_80_TCP_ADDR={address}",
        "AL_PORT_80_TCP_PORT=80",
        "AL_PORT_80_TCP_PROTO=tcp",
        f"AL_PORT_82_UDP=udp://{address}:82",
        f"AL_PORT_82_UDP_ADDR={address}",
        f"AL_PORT_82_UDP_END=udp://{address}:83",
        "AL_PORT_82_UDP_PORT=82",
        "AL_PORT_82_UDP_PORT_END=83",
        "AL_PORT_82_UDP_PORT_START=82",
        "AL_PORT_82_UDP_PROTO=udp",
        f"AL_PORT_82_UDP_START=udp://{address}:82",
        f"AL_PORT_83_UDP=udp://{address}:83",
        f"AL_PORT_83_UDP_ADDR={address}",
        "AL_PORT_83_UDP_PORT=83",
        "AL_PORT_83_UDP_PROTO=udp",
    }
    hosts = docker.ok("exec", container, "cat", "/etc/hosts").splitlines()
    assert [line.split() for line in hosts if line.startswith(f"{address}\t")] == [
        [address, "al", other[:12], docker.name]
    ]
    links = json.loads(docker.inspect(container, "{{json .HostConfig.Links}}"))
    assert links == [f"/{docker.name}:/{docker.name}-2/al"]
    docker.ok("kill", other)
    docker.ok("kill", container)
    assert "Cannot link to a non running container" in docker("start", container).err


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--link", "nosuch"), "could not get container for nosuch: No such container: nosuch"),
        (("--network", "host", "--link", "a"), "host type networking can't be used with links"),
    ],
)
def test_links_that_are_refused(docker: Docker, options: tuple[str, ...], error: str) -> None:
    assert error in docker("run", *options, "busybox", "true").err
