"""Names over the death of the daemon, and the servers of a host that changes its mind."""

import contextlib
import secrets
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon import Daemon, running_daemon, wait_until
from tests.fakes.name_server import NameServer, serving_names

pytestmark = [pytest.mark.root, pytest.mark.conformance]

# In a mount namespace of its own the daemon reads its directory's file instead of the host's.
_WITH_CONF = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    def start_with(directory: Path) -> list[str]:
        conf = directory / "resolv.conf"
        conf.touch()
        return ["unshare", "--mount", "sh", "-c", _WITH_CONF, str(conf)]

    with running_daemon(start_with=start_with) as daemon:
        daemon.load(busybox_tar)
        daemon.request("POST", "/networks/create", {"Name": "net"})
        yield daemon
        daemon.request("DELETE", "/networks/net")


@pytest.fixture(autouse=True)
def _nothing_left(daemon: Daemon) -> Iterator[None]:
    before = [f"interface {name}" for name in daemon.interfaces()]
    yield
    daemon.remove_containers()
    daemon.assert_nothing_left(before=before)


@pytest.fixture
def servers() -> Iterator[list[NameServer]]:
    """Two servers of the host's, on its loopback, where no container reaches them itself."""
    with contextlib.ExitStack() as running:
        yield [
            running.enter_context(
                serving_names(f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(256)}.{n}", 53,
                              www_example=f"10.0.0.{n}")
            )
            for n in (1, 2)
        ]  # fmt: skip


def _use(daemon: Daemon, *servers: NameServer) -> None:
    """Have the host ask these from now on."""
    lines = [f"nameserver {server.address}\n" for server in servers]
    (daemon.directory / "resolv.conf").write_text("".join(lines))


def _asker(daemon: Daemon, network: str = "net") -> str:
    return daemon.run("sleep 600", NetworkMode=network)


def _dig(daemon: Daemon, container: str, *words: str) -> str:
    """Run dig in a container's network; return what is answered, or the status if nothing is."""
    pid = str(daemon.state(container)["Pid"])
    dig = ["dig", "@127.0.0.11", "+tries=1", "+timeout=30", "+noall", "+answer", "+comments"]
    command = ["nsenter", "-t", pid, "-n", *dig, *words]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answers = [line.split()[-1] for line in text.splitlines() if line[:1] not in ";"]
    return answers[0] if answers else text.partition("status: ")[2].partition(",")[0]


def _address(daemon: Daemon, container: str) -> str:
    shown = daemon.request("GET", f"/containers/{container}/json")[1]
    return str(shown["NetworkSettings"]["Networks"]["net"]["IPAddress"])


def test_the_hosts_servers_are_asked_as_they_change(
    daemon: Daemon, servers: list[NameServer]
) -> None:
    one, two = servers
    asker = _asker(daemon)
    _use(daemon, one)
    assert _dig(daemon, asker, "www.example") == "10.0.0.1"
    assert _dig(daemon, asker, "+tcp", "www.example") == "10.0.0.1"
    _use(daemon, two, one)
    assert _dig(daemon, asker, "www.example") == "10.0.0.2"
    two.is_dead = True
    assert _dig(daemon, asker, "www.example") == "10.0.0.1"
    assert [transport for transport, _ in two.queries] == ["udp", "udp"]


def test_nobody_outside_learns_what_an_internal_network_asks(
    daemon: Daemon, servers: list[NameServer]
) -> None:
    _use(daemon, *servers)
    daemon.request("POST", "/networks/create", {"Name": "closed", "Internal": True})
    web = daemon.run("sleep 600", NetworkMode="closed")
    asker = _asker(daemon, "closed")
    assert _dig(daemon, asker, "www.example") == "SERVFAIL"
    assert _dig(daemon, asker, "+tcp", "secret.example") == "SERVFAIL"
    assert _dig(daemon, asker, web[:12]).count(".") == 3
    assert [server.queries for server in servers] == [[], []]
    daemon.remove_containers()
    daemon.request("DELETE", "/networks/closed")


def test_names_are_known_again_after_the_daemons_death(
    daemon: Daemon, servers: list[NameServer]
) -> None:
    _use(daemon, servers[0])
    web, asker = _asker(daemon), _asker(daemon)
    assert _dig(daemon, asker, web[:12]) == _address(daemon, web)
    daemon.kill()
    daemon.start()
    assert _dig(daemon, asker, web[:12]) == _address(daemon, web)
    assert _dig(daemon, asker, "+tcp", web[:12]) == _address(daemon, web)
    assert _dig(daemon, asker, "www.example") == "10.0.0.1"
    late = _asker(daemon)
    assert _dig(daemon, asker, late[:12]) == _address(daemon, late)
    assert _dig(daemon, late, asker[:12]) == _address(daemon, asker)


def test_who_asks_while_there_is_no_daemon_is_answered_by_the_next(daemon: Daemon) -> None:
    web, asker = _asker(daemon), _asker(daemon)
    pid, answers = str(daemon.state(asker)["Pid"]), []
    command = [
        "nsenter",
        "-t",
        pid,
        "-n",
        "dig",
        "@127.0.0.11",
        "+tries=1",
        "+timeout=30",
        "+short",
    ]
    daemon.kill()

    def ask(*words: str) -> None:
        answers.append(subprocess.run([*command, *words], capture_output=True, text=True).stdout)

    askers = [threading.Thread(target=ask, args=(*how, web[:12])) for how in ([], ["+tcp"])]
    for one in askers:
        one.start()
    wait_until(lambda: _queued(pid) > 0, "a query to wait")
    daemon.start()
    for one in askers:
        one.join()
    assert answers == [f"{_address(daemon, web)}\n"] * 2


def _queued(pid: str) -> int:
    """Return the bytes that wait at the UDP socket of 127.0.0.11 in a namespace."""
    sockets = [line.split() for line in Path(f"/proc/{pid}/net/udp").read_text().splitlines()]
    (resolver,) = [fields for fields in sockets if fields[1].startswith("0B00007F:")]
    return int(resolver[4].partition(":")[2], 16)


def test_a_resolver_that_came_while_it_ran_stays(daemon: Daemon) -> None:
    web = _asker(daemon)
    asker = _asker(daemon, "bridge")
    daemon.request("POST", "/networks/net/connect", {"Container": asker})
    assert _dig(daemon, asker, web[:12]) == _address(daemon, web)
    daemon.kill()
    daemon.start()
    assert _dig(daemon, asker, web[:12]) == _address(daemon, web)
