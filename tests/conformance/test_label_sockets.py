"""What errors tell on a socket that serves containers of a label: nothing about any other.

The same errors, and what they leave in the container's state, name the others on the daemon's own.
"""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.calls import Answer, ask
from tests.daemon import Daemon, running_daemon
from tests.ports import free_port

pytestmark = [pytest.mark.root, pytest.mark.conformance]

OTHER: Final = "somebody-else"
SLEEP: Final = ["sleep", "1000"]


@pytest.fixture(scope="module")
def label_socket() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sc-") as directory:
        yield Path(directory, "web.sock")


@pytest.fixture(scope="module")
def daemon(label_socket: Path, busybox_tar: Path) -> Iterator[Daemon]:
    partial = f"unix://{label_socket}?access=containers:label=team=web"
    with running_daemon("-H", partial) as daemon:
        daemon.load(busybox_tar)
        yield daemon


def create(daemon: Daemon, name: str, *, start: bool = False, **host_config: Any) -> str:
    labels = {} if name == OTHER else {"team": "web"}
    body = {"Image": "busybox", "Cmd": SLEEP, "Labels": labels, "HostConfig": host_config}
    status, answer = daemon.request("POST", f"/containers/create?name={name}", body)
    assert status == 201, answer
    if start:
        assert daemon.request("POST", f"/containers/{name}/start")[0] == 204
    return str(answer["Id"])


@pytest.fixture(autouse=True)
def others_are_removed(daemon: Daemon) -> Iterator[None]:
    yield
    daemon.remove_containers()
    daemon.assert_nothing_left()


def assert_hidden(daemon: Daemon, label_socket: Path, hidden: str) -> Answer:
    """The container `mine` does not start; return what its socket says of that."""
    told = ask(label_socket, "POST", "/containers/mine/start")
    inspected = ask(label_socket, "GET", "/containers/mine/json")
    _, answer = daemon.request("POST", "/containers/mine/start")
    assert hidden in answer["message"]
    assert hidden in daemon.state("mine")["Error"]
    assert hidden not in told.message
    assert hidden not in inspected.json["State"]["Error"]
    return told


def test_a_port_of_another_container(daemon: Daemon, label_socket: Path) -> None:
    port = str(free_port())
    bindings = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}
    create(daemon, OTHER, start=True, PortBindings=bindings)
    create(daemon, "mine", PortBindings=bindings)
    told = assert_hidden(daemon, label_socket, OTHER)
    assert told.message.endswith("port is already allocated")
    # A start that its policy wants, and `restart`, tell no more.
    told = ask(label_socket, "POST", "/containers/mine/restart")
    assert told.message.endswith("port is already allocated")


def test_a_port_of_a_process_of_the_host(daemon: Daemon, label_socket: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        bindings = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}
        create(daemon, "mine", PortBindings=bindings)
        told = assert_hidden(daemon, label_socket, "(process ")
    assert told.message.endswith("address already in use")


def test_a_network_of_another_that_does_not_run(daemon: Daemon, label_socket: Path) -> None:
    other = create(daemon, OTHER)
    create(daemon, "mine", NetworkMode=f"container:{other}")
    told = assert_hidden(daemon, label_socket, OTHER)
    assert (told.status, told.message) == (
        409, "cannot join network namespace of a non running container"
    )  # fmt: skip


def test_a_link_to_one_that_does_not_run(daemon: Daemon, label_socket: Path) -> None:
    create(daemon, OTHER)
    create(daemon, "mine", NetworkMode="bridge", Links=[f"{OTHER}:db"])
    told = assert_hidden(daemon, label_socket, OTHER)
    assert told.message.endswith("Cannot link to a non running container")
