"""Names on the default bridge of a daemon that is told to serve them there, by the docker CLI."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import running_daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture(scope="module")
def engine(busybox_tar: Path) -> Iterator[Engine]:
    with running_daemon("--bridge-names") as daemon:
        daemon.load(busybox_tar)
        yield Engine(daemon.host, daemon)


def _start(docker: Docker, *options: str) -> str:
    return docker.ok("run", "-d", *options, "busybox", "sleep", "600")


def _address(docker: Docker, container: str) -> str:
    return docker.inspect(container, "{{.NetworkSettings.Networks.bridge.IPAddress}}")


def _found(docker: Docker, container: str, name: str) -> list[str]:
    """Return the addresses that a program in the container finds."""
    lines = docker("exec", container, "nslookup", "-type=a", name).out.splitlines()
    return sorted(line.split()[1] for line in lines[2:] if line.startswith("Address"))


def test_containers_of_the_bridge_find_one_another(docker: Docker) -> None:
    name = docker.name
    web = _start(docker, "--name", name, "--hostname", "own-host")
    asker = _start(docker)
    assert "nameserver 127.0.0.11" in docker.ok("exec", asker, "cat", "/etc/resolv.conf")
    address = _address(docker, web)
    for known in (name, web[:12], "own-host", f"{name}.bridge"):
        assert _found(docker, asker, known) == [address], known
    assert _found(docker, web, asker[:12]) == [_address(docker, asker)]
    shown = docker.inspect(web, "{{.NetworkSettings.Networks.bridge.DNSNames}}")
    assert shown == f"[{name} {web[:12]} own-host]"
    docker.ok("kill", web)
    assert _found(docker, asker, name) == []


def test_a_link_of_the_bridge_is_in_hosts_still(docker: Docker) -> None:
    web = _start(docker, "--name", docker.name)
    linked = _start(docker, "--link", f"{docker.name}:other")
    assert f"{_address(docker, web)}\tother" in docker.ok("exec", linked, "cat", "/etc/hosts")
    assert _found(docker, linked, docker.name) == [_address(docker, web)]


def test_who_is_connected_has_an_alias(docker: Docker) -> None:
    """Of `docker run` it is the client that wants a network of one's own for aliases."""
    web, asker = _start(docker), _start(docker)
    docker.ok("network", "disconnect", "bridge", web)
    docker.ok("network", "connect", "--alias", "again", "bridge", web)
    assert _found(docker, asker, "again") == [_address(docker, web)]


def test_a_daemon_that_is_not_told_so_serves_none(docker: Docker, engine: Engine) -> None:
    """What runs keeps its resolver, which knows nobody then; what starts has none."""
    daemon = engine.daemon
    assert daemon is not None
    web, asker = _start(docker, "--name", docker.name), _start(docker)
    daemon.kill()
    daemon.start("--bridge-names=false")
    try:
        assert _found(docker, asker, docker.name) == []
        docker.ok("restart", "-t", "0", asker)
        assert "127.0.0.11" not in docker.ok("exec", asker, "cat", "/etc/resolv.conf")
        docker.ok("network", "disconnect", "bridge", asker)
        refused = docker("network", "connect", "--alias", "again", "bridge", asker)
        assert "network-scoped alias is supported only" in refused.err
        docker.ok("network", "connect", "bridge", asker)
    finally:
        daemon.kill()
        daemon.start()
    docker.ok("restart", "-t", "0", asker)
    assert _found(docker, asker, docker.name) == [_address(docker, web)]
