"""A container whose first process was forked before it."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from tests.root.runtime.boxes import Box, wait_until

from seacan.errors import InvalidArgument, SeacanError
from seacan.kernel.written_pages import WrittenPages
from seacan.runtime import container
from seacan.runtime.ahead import Ahead
from seacan.runtime.bundle import load
from seacan.runtime.create import create

pytestmark = pytest.mark.root

KINDS = ("pid", "mnt", "uts", "ipc", "net", "cgroup")


def test_it_becomes_the_first_process(box: Box, ahead: Ahead) -> None:
    box.ahead = ahead
    with box.started("sleep", "60") as container:
        assert container.pid == ahead.pid
        own = {kind: os.readlink(f"/proc/{container.pid}/ns/{kind}") for kind in KINDS}
        assert not own.items() & {k: os.readlink(f"/proc/self/ns/{k}") for k in KINDS}.items()


@pytest.mark.parametrize("kind", ["ipc", "uts", "pid"])
def test_a_container_in_a_namespace_of_the_caller_is_forked(
    box: Box, ahead: Ahead, kind: str
) -> None:
    box.ahead = ahead
    box.linux["namespaces"] = [ns for ns in box.linux["namespaces"] if ns["type"] != kind]
    del box.config["hostname"]
    with box.started("sleep", "60") as container:
        assert container.pid != ahead.pid
        mine = os.readlink(f"/proc/self/ns/{kind}")
        assert os.readlink(f"/proc/{container.pid}/ns/{kind}") == mine


def test_a_network_namespace_is_joined(box: Box, ahead: Ahead) -> None:
    with Box(box.path / "other").started("sleep", "60") as other:
        path = f"/proc/{other.pid}/ns/net"
        others: list[Any] = [ns for ns in box.linux["namespaces"] if ns["type"] != "network"]
        box.linux["namespaces"] = [*others, {"type": "network", "path": path}]
        box.ahead = ahead
        with box.started("sleep", "60") as container:
            assert container.pid == ahead.pid
            assert os.readlink(f"/proc/{container.pid}/ns/net") == os.readlink(path)


def test_a_long_environment_is_forked(box: Box, ahead: Ahead) -> None:
    box.ahead = ahead
    box.process["env"] = [*box.process["env"], f"LONG={'x' * 100_000}"]
    with box.started("sleep", "60") as container:
        assert container.pid != ahead.pid


def test_one_that_has_ended_is_replaced_by_a_fork(box: Box, ahead: Ahead) -> None:
    os.kill(ahead.pid, signal.SIGKILL)
    wait_until(lambda: _state(ahead.pid) == "Z")
    box.ahead = ahead
    assert box.run("sh", "-c", "exit 3").code == 3


def test_what_is_wrong_comes_back(box: Box, ahead: Ahead) -> None:
    box.ahead = ahead
    with pytest.raises(InvalidArgument, match="executable file not found"):
        box.run("absent")


def test_it_ends_with_its_maker() -> None:
    reader, writer = os.pipe()
    maker = os.fork()
    if maker == 0:
        os.write(writer, str(Ahead(WrittenPages()).pid).encode())
        signal.pause()
    pid = int(os.read(reader, 16))
    for fd in (reader, writer):
        os.close(fd)
    os.kill(maker, signal.SIGKILL)
    os.waitpid(maker, 0)
    wait_until(lambda: _state(pid) in ("", "Z"))


@pytest.mark.parametrize("is_ahead", [True, False])
def test_one_for_the_parent_is_its_child(box: Box, is_ahead: bool) -> None:
    box.write("sh", "-c", "exit 3")
    pid = int(_said_by_a_child(lambda: str(_start_for_parent(box, is_ahead).pid)))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    container.load(box.root, box.id).delete()


@pytest.mark.parametrize("is_ahead", [True, False])
def test_what_is_wrong_with_one_for_the_parent_comes_back(box: Box, is_ahead: bool) -> None:
    box.write("absent")
    assert "executable file not found" in _said_by_a_child(
        lambda: str(_start_for_parent(box, is_ahead))
    )
    os.waitpid(-1, 0)  # it has ended before the error came


def _start_for_parent(box: Box, is_ahead: bool) -> container.Container:
    null = os.open("/dev/null", os.O_RDWR)
    process = Ahead(WrittenPages(), for_parent=True) if is_ahead else None
    made = create(
        box.root, box.id, load(box.path), stdio=(null,) * 3, ahead=process, for_parent=True
    )
    made.start()
    return made


def _said_by_a_child(work: Callable[[], str]) -> str:
    """Return what `work` returns, or the text of its error, in a child that has ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = work()
        except SeacanError as err:
            said = str(err)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as output:
        said = output.read()
    os.waitpid(child, 0)
    return said


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return ""
