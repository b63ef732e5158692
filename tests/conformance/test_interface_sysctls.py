"""Kernel parameters of interfaces of containers, by the docker CLI.

All of it holds for dockerd, too, unless a test says otherwise.
"""

import pytest
from tests.conformance.docker_cli import Docker, Engine

pytestmark = [pytest.mark.root, pytest.mark.conformance]

_OPTION = "com.docker.network.endpoint.sysctls"
_NAME = "com.docker.network.endpoint.ifname"
_FILTER = "/proc/sys/net/ipv4/conf/{}/rp_filter"


def _network(name: str, *parameters: str) -> str:
    """Return the value of --network: a part with commas is quoted as in CSV."""
    return f'name={name},"driver-opt={_OPTION}={",".join(parameters)}"'


def _start(docker: Docker, network: str) -> str:
    return docker.ok("run", "-d", "--network", network, "busybox", "sleep", "600")


def test_each_interface_has_its_own(docker: Docker) -> None:
    names = [docker.name, f"{docker.name}-2"]
    for name in names:
        docker.ok("network", "create", name)
    both = ("net.ipv4.conf.IFNAME.rp_filter=2", "net.ipv4.conf.IFNAME.log_martians=1")
    container = _start(docker, f"{_network(names[0], *both)},driver-opt={_NAME}=one")
    options = (f"{_NAME}=two", f"{_OPTION}=net.ipv4.conf.IFNAME.rp_filter=1")
    words = [word for option in options for word in ("--driver-opt", option)]
    docker.ok("network", "connect", *words, names[1], container)
    for _ in range(2):
        martians = "/proc/sys/net/ipv4/conf/one/log_martians"
        shown = docker.ok(
            "exec", container, "cat", _FILTER.format("one"), martians, _FILTER.format("two")
        )
        assert shown.split() == ["2", "1", "1"]
        docker.ok("restart", "-t", "0", container)


def test_the_hosts_stay_as_they_are(docker: Docker) -> None:
    def of_host() -> str:
        with open(_FILTER.format("all")) as file, open(_FILTER.format("lo")) as other:
            return file.read() + other.read()

    before = of_host()
    docker.ok("network", "create", docker.name)
    _start(docker, _network(docker.name, "net.ipv4.conf.IFNAME.rp_filter=2"))
    assert of_host() == before


@pytest.mark.parametrize(
    ("parameter", "why"),
    [
        ("net.ipv4.conf.IFNAME.nosuch=1", "/proc/sys/net/ipv4/conf/eth0/nosuch is not a sysctl"),
        (
            "net.ipv4.conf.IFNAME.rp_filter=x",
            "unable to write to '/proc/sys/net/ipv4/conf/eth0/rp_f",
        ),
        (
            "net.ipv4.conf.eth0.rp_filter=1",
            "unrecognised network interface sysctl 'net.ipv4.conf.e",
        ),
    ],
)
def test_what_cannot_be_is_told(docker: Docker, parameter: str, why: str) -> None:
    docker.ok("network", "create", docker.name)
    failed = docker("run", "--rm", "--network", _network(docker.name, parameter), "busybox", "true")
    assert (failed.status, failed.out) == (125, "")
    assert why in failed.err


def test_a_connection_that_fails_leaves_no_interface(docker: Docker) -> None:
    docker.ok("network", "create", docker.name)
    container = docker.ok("run", "-d", "busybox", "sleep", "600")
    option = ("--driver-opt", f"{_OPTION}=net.ipv4.conf.IFNAME.rp_filter=x")
    assert "unable to write to" in docker("network", "connect", *option, docker.name, container).err
    assert sorted(docker.ok("exec", container, "ls", "/sys/class/net").split()) == ["eth0", "lo"]
    docker.ok("network", "connect", docker.name, container)
    assert len(docker.ok("exec", container, "ls", "/sys/class/net").split()) == 3


def test_an_interface_without_ipv6_has_no_address_of_it(docker: Docker, engine: Engine) -> None:
    if engine.daemon is None:
        pytest.skip("dockerd announces the address that is gone, and fails")
    docker.ok("network", "create", "--ipv6", docker.name)
    container = _start(docker, _network(docker.name, "net.ipv6.conf.IFNAME.disable_ipv6=1"))
    assert "inet6" not in docker.ok("exec", container, "ip", "addr", "show", "eth0")
    template = "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}"
    assert docker.inspect(container, template) == ""
