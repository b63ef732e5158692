"""Names of containers in networks of one's own, by the docker CLI and dig.

All of it holds for dockerd, too, unless a test says otherwise.
"""

import ipaddress
import json
import subprocess
import sys

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until
from tests.fakes.name_server import serving_names

pytestmark = [pytest.mark.root, pytest.mark.conformance]

_BIND_ANYWHERE = """
import socket
udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
for each in (udp, tcp):
    each.bind(("", 53))
tcp.listen()
print("bound", flush=True)
connection, _ = tcp.accept()
connection.sendall(b"tcp")
connection.close()
input()
"""


def _start(docker: Docker, *options: str, script: str = "sleep 600") -> str:
    return docker.ok("run", "-d", *options, "busybox", "sh", "-c", script)


def _address(docker: Docker, container: str, network: str, field: str = "IPAddress") -> str:
    networks = json.loads(docker.inspect(container, "{{json .NetworkSettings.Networks}}"))
    return str(networks[network][field])


def _dig(docker: Docker, container: str, *words: str) -> list[str]:
    """Run dig in a container's network; return the status, then what is answered."""
    pid = docker.inspect(container, "{{.State.Pid}}")
    dig = ["dig", "@127.0.0.11", "+tries=1", "+timeout=20", "+noall", "+answer", "+comments"]
    command = ["nsenter", "-t", pid, "-n", *dig, *words]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    status = text.partition("status: ")[2].partition(",")[0]
    return [status, *sorted(line.split()[-1] for line in text.splitlines() if line[:1] not in ";")]


def _found(docker: Docker, container: str, name: str) -> list[str]:
    """Return the addresses that a program in the container finds."""
    lines = docker("exec", container, "nslookup", "-type=a", name).out.splitlines()
    return sorted(line.split()[1] for line in lines[2:] if line.startswith("Address"))


@pytest.fixture
def network(docker: Docker) -> str:
    docker.ok("network", "create", docker.name)
    return docker.name


@pytest.fixture
def asker(docker: Docker, network: str) -> str:
    return _start(docker, "--network", network)


def test_a_container_is_found_by_all_its_names(docker: Docker, network: str, asker: str) -> None:
    name = f"{docker.name}-Web"
    options = ("--name", name, "--hostname", "own-host", "--network-alias", "alias")
    web = _start(docker, "--network", network, *options)
    address = _address(docker, web, network)
    for known in (name, "alias", "ALIAS", web[:12], "own-host", f"alias.{network}"):
        assert _found(docker, asker, known) == [address], known
    assert _dig(docker, asker, "alias") == ["NOERROR", address]
    assert _dig(docker, asker, "+tcp", "alias") == ["NOERROR", address]
    assert _dig(docker, asker, "+bufsize=1400", "alias") == ["NOERROR", address]
    assert _dig(docker, asker, "-x", address) == ["NOERROR", f"{name}.{network}."]
    assert _found(docker, asker, asker[:12]) == [_address(docker, asker, network)]


def test_nobody_is_told_that_a_known_name_does_not_exist(
    docker: Docker, network: str, asker: str
) -> None:
    _start(docker, "--network", network, "--network-alias", "alias")
    for kind in ("AAAA", "MX"):
        assert _dig(docker, asker, "alias", kind) == ["NOERROR"]


def test_addresses_of_both_versions(docker: Docker) -> None:
    network = docker.name
    docker.ok("network", "create", "--ipv6", network)
    web = _start(docker, "--network", network, "--network-alias", "alias")
    asker = _start(docker, "--network", network)
    address = _address(docker, web, network, "GlobalIPv6Address")
    assert ipaddress.ip_address(address).version == 6
    assert _dig(docker, asker, "alias", "AAAA") == ["NOERROR", address]
    name = docker.inspect(web, "{{.Name}}").lstrip("/")
    assert _dig(docker, asker, "-x", address) == ["NOERROR", f"{name}.{network}."]


def test_those_of_one_alias_take_turns(docker: Docker, network: str, asker: str) -> None:
    options = ("--network", network, "--network-alias", "alias")
    both = sorted(_address(docker, _start(docker, *options), network) for _ in range(2))
    firsts = set()

    def have_both_been_first() -> bool:
        lines = docker.ok("exec", asker, "nslookup", "-type=a", "alias").splitlines()
        found = [line.split()[1] for line in lines[2:] if line.startswith("Address")]
        assert sorted(found) == both
        firsts.add(found[0])
        return len(firsts) == 2

    wait_until(have_both_been_first, "both to be first")


def test_networks_do_not_know_one_another(docker: Docker, network: str, asker: str) -> None:
    other = f"{docker.name}-other"
    docker.ok("network", "create", other)
    web = _start(docker, "--network", other, "--network-alias", "alias")
    assert _found(docker, asker, "alias") == []
    docker.ok("network", "connect", other, asker)
    address = _address(docker, web, other)
    assert _found(docker, asker, "alias") == [address]
    assert _found(docker, web, asker[:12]) == [_address(docker, asker, other)]
    docker.ok("network", "disconnect", other, asker)
    assert _found(docker, asker, "alias") == []
    assert _found(docker, web, asker[:12]) == []


def test_a_container_that_is_renamed_or_ends(docker: Docker, network: str, asker: str) -> None:
    old, new = docker.name, f"{docker.name}-new"
    web = _start(docker, "--network", network, "--name", old)
    address = _address(docker, web, network)
    assert _found(docker, asker, old) == [address]
    docker.ok("rename", old, new)
    assert _found(docker, asker, new) == [address]
    assert _found(docker, asker, old) == []
    docker.ok("kill", new)
    assert _found(docker, asker, new) == []
    docker.ok("start", new)
    assert _found(docker, asker, new) == [_address(docker, web, network)]


def test_a_link_is_a_name_for_one_alone(docker: Docker, network: str, asker: str) -> None:
    web = _start(docker, "--network", network, "--name", docker.name)
    linked = _start(docker, "--network", network, "--link", f"{docker.name}:other")
    assert _found(docker, linked, "other") == [_address(docker, web, network)]
    assert _found(docker, asker, "other") == []


def test_resolv_conf_names_the_resolver(docker: Docker, network: str) -> None:
    options = ("--dns", "192.0.2.1", "--dns-search", "one.example", "--dns-option", "timeout:3")
    asker = _start(docker, "--network", network, *options)
    text = docker.ok("exec", asker, "cat", "/etc/resolv.conf")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines == ["nameserver 127.0.0.11", "search one.example", "options timeout:3 ndots:0"]


def test_the_default_bridge_has_no_resolver(docker: Docker) -> None:
    container = _start(docker)
    assert "127.0.0.11" not in docker.ok("exec", container, "cat", "/etc/resolv.conf")


def test_who_comes_from_the_bridge_is_given_a_resolver(docker: Docker, network: str) -> None:
    web = _start(docker, "--network", network, "--network-alias", "alias")
    asker = _start(docker)
    docker.ok("network", "connect", network, asker)
    assert "nameserver 127.0.0.11" in docker.ok("exec", asker, "cat", "/etc/resolv.conf")
    assert _found(docker, asker, "alias") == [_address(docker, web, network)]
    assert _found(docker, web, asker[:12]) == [_address(docker, asker, network)]


def test_the_namespace_of_another_has_its_resolver(
    docker: Docker, network: str, asker: str
) -> None:
    web = _start(docker, "--network", network, "--network-alias", "alias")
    joined = _start(docker, "--network", f"container:{asker}")
    assert _found(docker, joined, "alias") == [_address(docker, web, network)]


def test_a_container_may_serve_names_itself(docker: Docker, network: str, asker: str) -> None:
    """On port 53 of all its addresses, without options that others would have to have, too."""
    server = _start(docker, "--network", network, "--network-alias", "alias")
    address = _address(docker, server, network)
    with subprocess.Popen(
        ["nsenter", "-t", docker.inspect(server, "{{.State.Pid}}"), "-n", sys.executable, "-c",
         _BIND_ANYWHERE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as bound:  # fmt: skip
        assert bound.stdout is not None
        assert bound.stdout.readline() == "bound\n"
        assert _found(docker, server, "alias") == [address]
        assert docker.ok("exec", asker, "nc", "-w", "5", address, "53") == "tcp"
        bound.kill()


def test_other_names_are_asked_for_at_servers_of_ones_choice(
    docker: Docker, network: str, engine: Engine
) -> None:
    """The host's address in the network, which is asked from the container's own address."""
    if engine.daemon is None:
        pytest.skip("a server in that network needs to be on this host")
    configs = json.loads(docker.ok("network", "inspect", "-f", "{{json .IPAM.Config}}", network))
    here = str(configs[0]["Gateway"])
    with serving_names(here, 53, www_example=here) as server:
        options = ("--dns", here, "--dns-search", "example", "--dns-option", "ndots:1")
        asker = _start(docker, "--network", network, *options)
        assert _dig(docker, asker, "www.example") == ["NOERROR", here]
        assert _dig(docker, asker, "+tcp", "www.example") == ["NOERROR", here]
        server.truncates = True
        assert _dig(docker, asker, "www.example") == ["NOERROR", here]
        assert _dig(docker, asker, "no.example") == ["NXDOMAIN"]
        queries = len(server.queries)
        assert _dig(docker, asker, "www") == ["NOERROR"]  # the domain is to be put behind it
        assert len(server.queries) == queries
        server.truncates = False
        assert f"PING www ({here})" in docker.ok("exec", asker, "ping", "-c", "1", "www")
        assert server.clients == {_address(docker, asker, network)}
