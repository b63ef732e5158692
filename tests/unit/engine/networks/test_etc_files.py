import os
from pathlib import Path
from typing import Any

import pytest

from seacan.engine.networks import etc_files as network_files
from seacan.network import resolv_conf as resolv_conf_
from seacan.network.definition import Endpoint, EndpointId, NetworkId, Sandbox
from seacan.paths import ContainerDirectory
from seacan.spec.engine_api import ContainerConfig

HOST_FILES = {
    "/etc/hosts": b"127.0.0.1 localhost\n10.0.0.1 router\n",
    "/etc/resolv.conf": (
        b"# by hand\nnameserver 127.0.0.1\nnameserver 10.0.0.53 # ours\nnameserver x\n"
        b"search a.example b.example\noptions ndots:2 edns0\nsortlist 10.0.0.0\n"
    ),
    "/run/systemd/resolve/resolv.conf": b"nameserver 10.9.9.9\n",
}


@pytest.fixture(autouse=True)
def host_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host of its own for the test; returns its root."""
    for path, data in HOST_FILES.items():
        file = tmp_path / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    read = resolv_conf_.host_file
    monkeypatch.setattr(resolv_conf_, "host_file", lambda path: read(f"{tmp_path}{path}"))
    return tmp_path


def resolv_conf(**host_config: Any) -> list[str]:
    return network_files.resolv_conf(host_config).decode().splitlines()  # type: ignore[arg-type]


def test_hosts_of_a_network_of_ones_own() -> None:
    lines = network_files.hosts({"ExtraHosts": ["a:1.2.3.4", "b:::1"]}).decode().splitlines()
    assert lines[0] == "127.0.0.1\tlocalhost"
    assert lines[-2:] == ["1.2.3.4\ta", "::1\tb"]


@pytest.mark.parametrize(
    ("hostname", "domainname", "names"),
    [
        ("a", "", "a"),
        ("a", "c", "a.c a"),
        ("a.b", "", "a.b a"),
        ("a.b", "c", "a.b.c a"),
    ],
)
def test_a_container_knows_its_short_name(hostname: str, domainname: str, names: str) -> None:
    endpoint = Endpoint(EndpointId("e"), NetworkId("n"), "n", "eth0", "veth", ipv4="10.0.0.2/16")
    config: ContainerConfig = {"Hostname": hostname, "Domainname": domainname}
    lines = network_files.own_names(config, Sandbox("s", [endpoint]))
    assert lines == [f"10.0.0.2\t{names}\n"]


def test_the_hosts_network_has_its_hosts_unless_some_are_added() -> None:
    assert network_files.hosts({"NetworkMode": "host"}) == HOST_FILES["/etc/hosts"]
    added = network_files.hosts({"NetworkMode": "host", "ExtraHosts": ["a:1.2.3.4"]})
    assert b"10.0.0.1" not in added
    assert added.endswith(b"1.2.3.4\ta\n")


def test_resolv_conf_of_the_hosts_network_is_the_hosts() -> None:
    assert resolv_conf(NetworkMode="host") == [
        "nameserver 127.0.0.1",
        "nameserver 10.0.0.53",
        "search a.example b.example",
        "options ndots:2 edns0",
        "sortlist 10.0.0.0",
    ]


def test_a_loopback_server_of_the_host_is_out_of_reach() -> None:
    assert resolv_conf(NetworkMode="none")[0] == "nameserver 10.0.0.53"


def test_behind_the_stub_of_systemd_are_its_servers(host_files: Path) -> None:
    (host_files / "etc/resolv.conf").write_text("nameserver 127.0.0.53\n")
    assert resolv_conf(NetworkMode="none") == ["nameserver 10.9.9.9"]
    assert resolv_conf(NetworkMode="host") == ["nameserver 127.0.0.53"]


def test_where_no_server_is_left_there_are_public_ones(host_files: Path) -> None:
    (host_files / "etc/resolv.conf").unlink()
    assert resolv_conf(NetworkMode="none")[:2] == ["nameserver 8.8.8.8", "nameserver 8.8.4.4"]
    assert resolv_conf(NetworkMode="host") == []


@pytest.mark.parametrize("mode", ["none", "host"])
def test_what_was_asked_for_takes_the_place_of_the_hosts(mode: str) -> None:
    assert resolv_conf(
        NetworkMode=mode,
        Dns=["127.0.0.1", "fe80::1%eth0"],
        DnsSearch=["c.example"],
        DnsOptions=["ndots:9"],
    ) == [
        "nameserver 127.0.0.1",
        "nameserver fe80::1%eth0",
        "search c.example",
        "options ndots:9",
        "sortlist 10.0.0.0",
    ]


def test_a_dot_is_no_domain_at_all() -> None:
    assert not [line for line in resolv_conf(DnsSearch=["."]) if line.startswith("search")]


def test_who_has_a_resolver_asks_nobody_else(host_files: Path) -> None:
    def conf(**host_config: Any) -> list[str]:
        data = network_files.resolv_conf(host_config, has_resolver=True)  # type: ignore[arg-type]
        return data.decode().splitlines()

    assert conf()[:3] == [
        "nameserver 127.0.0.11",
        "search a.example b.example",
        "options ndots:2 edns0",
    ]
    assert conf(Dns=["1.2.3.4"], DnsSearch=["c.example"], DnsOptions=["timeout:2"])[:3] == [
        "nameserver 127.0.0.11",
        "search c.example",
        "options timeout:2 ndots:0",
    ]


def test_a_running_container_is_given_a_resolver_once(tmp_path: Path) -> None:
    directory = ContainerDirectory(tmp_path)
    directory.resolv_conf.write_bytes(network_files.resolv_conf({}))
    network_files.ask_resolver(directory, {})
    assert directory.resolv_conf.read_text().startswith("nameserver 127.0.0.11\n")
    directory.resolv_conf.write_text("nameserver 10.0.0.9\n")
    network_files.ask_resolver(directory, {})
    assert directory.resolv_conf.read_text() == "nameserver 10.0.0.9\n"


def _with_address(address: str) -> Sandbox:
    endpoint = Endpoint(EndpointId("e"), NetworkId("n"), "n", "eth0", "veth", ipv4=address)
    return Sandbox("s", [endpoint])


def test_a_running_container_is_told_of_its_new_address(tmp_path: Path) -> None:
    directory = ContainerDirectory(tmp_path)
    directory.hosts.write_bytes(b"10.0.0.1\tits own \xff\n10.0.0.2\ta\n")
    before, after = _with_address("10.0.0.2/16"), _with_address("10.0.0.3/16")
    network_files.update_hosts(directory, {"Hostname": "a"}, before, after)
    assert directory.hosts.read_bytes() == b"10.0.0.1\tits own \xff\n10.0.0.3\ta\n"
    network_files.remove_lines(directory, ["10.0.0.3\ta\n"])
    assert directory.hosts.read_bytes() == b"10.0.0.1\tits own \xff\n"


def test_files_that_a_container_made_huge_are_not_read_into_memory(tmp_path: Path) -> None:
    """truncate -s 20G /etc/hosts, and whoever connected the container stopped the daemon."""
    directory = ContainerDirectory(tmp_path)
    huge = 1 << 40
    for path in (directory.hosts, directory.resolv_conf):
        path.touch()
        os.truncate(path, huge)
    network_files.update_hosts(directory, {}, Sandbox("s"), _with_address("10.0.0.3/16"))
    network_files.remove_lines(directory, ["10.0.0.3\ta\n"])
    network_files.ask_resolver(directory, {})
    assert directory.hosts.stat().st_size == directory.resolv_conf.stat().st_size == huge
