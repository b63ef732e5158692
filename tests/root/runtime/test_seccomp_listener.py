"""SCMP_ACT_NOTIFY: an agent outside answers calls of the container."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import descriptors
from tests.root.runtime.boxes import Box, wait_until
from tests.root.runtime.seccomp_agent import Agent, answering

from seacan.errors import InvalidArgument, Unavailable

pytestmark = pytest.mark.root

REFUSED = "No medium found"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with answering(tmp_path, {"mkdir": errno.ENOMEDIUM}) as agent:
        yield agent


def notify(box: Box, path: Path, *names: str, **more: object) -> None:
    rule = {"names": list(names), "action": "SCMP_ACT_NOTIFY"}
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": str(path), "syscalls": [rule]}
    box.linux["seccomp"] = profile | more


@pytest.mark.parametrize("no_new_privileges", [False, True])
@pytest.mark.parametrize("uid", [0, 1000])
def test_the_agents_answer_is_the_calls(
    box: Box, agent: Agent, no_new_privileges: bool, uid: int
) -> None:
    notify(box, agent.path, "mkdir")
    box.process["noNewPrivileges"] = no_new_privileges
    box.process["user"] = {"uid": uid, "gid": uid}
    result = box.run("mkdir", "/tmp/x")
    assert result.code == 1
    assert REFUSED in result.out


def test_what_the_agent_is_sent(box: Box, agent: Agent) -> None:
    notify(box, agent.path, "mkdir", listenerMetadata="for the agent")
    box.config["annotations"] = {"a": "b"}
    with box.created("true") as container:
        wait_until(agent.received)
    assert agent.received() == [
        {
            "ociVersion": "1.2.0",
            "fds": ["seccompFd"],
            "pid": container.pid,
            "metadata": "for the agent",
            "state": {
                "ociVersion": "1.2.0",
                "id": box.id,
                "pid": container.pid,
                "status": "creating",
                "bundle": str(box.path),
                "annotations": {"a": "b"},
            },
        }
    ]


def test_a_process_that_joins_has_an_agent_too(box: Box, agent: Agent) -> None:
    notify(box, agent.path, "mkdir", listenerMetadata="for the agent")
    with box.started("sleep", "60") as container:
        result = box.execute(container, "sh", "-c", "mkdir /tmp/x; echo $?")
        wait_until(lambda: len(agent.received()) == 2)
        state = container.state()
    assert REFUSED in result.out
    first, second = agent.received()
    assert first["pid"] == container.pid != second["pid"]
    assert second["metadata"] == "for the agent"
    assert second["state"] == state
    assert state["status"] == "running"


def test_a_state_longer_than_a_message(box: Box, agent: Agent) -> None:
    notify(box, agent.path, "mkdir", listenerMetadata="m" * 50_000)
    assert REFUSED in box.run("mkdir", "/tmp/x").out
    assert agent.received()[0]["metadata"] == "m" * 50_000


@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_calls_of_the_runtime_itself_may_be_notified(
    box: Box, agent: Agent, no_new_privileges: bool
) -> None:
    names = ("read", "close", "openat", "execve", "fcntl", "ioctl", "capset", "prctl", "sendmsg")
    notify(box, agent.path, *names, "rt_sigaction", "close_range", "mkdir")
    box.process["noNewPrivileges"] = no_new_privileges
    with box.started("sleep", "60") as container:
        assert REFUSED in box.execute(container, "mkdir", "/tmp/x").out
    assert len(agent.received()) == 2


def test_flag_to_wait_killable(box: Box, agent: Agent) -> None:
    flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
    notify(box, agent.path, "mkdir", flags=flags)
    assert REFUSED in box.run("mkdir", "/tmp/x").out
    box.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "flags": flags}
    assert box.run("mkdir", "/tmp/x").code == 0


def test_no_descriptor_of_it_reaches_the_process(box: Box, agent: Agent) -> None:
    notify(box, agent.path, "mkdir")
    assert box.sh("ls /proc/self/fd").split() == ["0", "1", "2", "3"]  # 3 is ls's own
    with box.started("sleep", "60") as container:
        assert box.execute(container, "ls", "/proc/self/fd").out.split() == ["0", "1", "2", "3"]


def test_the_runtime_keeps_no_descriptor(box: Box, agent: Agent) -> None:
    with descriptors.none_kept():
        notify(box, agent.path, "mkdir")
        with box.started("sleep", "60") as container:
            box.execute(container, "true")


def test_without_its_agent_the_call_does_not_exist(box: Box, agent: Agent) -> None:
    notify(box, agent.path, "mkdir")
    with box.created("sh", "-c", "mkdir /tmp/x || exit 38") as container:
        agent.end()
        container.start()
        assert os.waitstatus_to_exitcode(os.waitpid(container.pid, 0)[1]) == 38


def test_create_without_an_agent_leaves_nothing(box: Box, tmp_path: Path) -> None:
    notify(box, tmp_path / "absent.sock", "mkdir")
    text = r"seccomp: send to the agent at .*/absent.sock: no such file or directory"
    with pytest.raises(Unavailable, match=text):
        box.run("true")


def test_exec_without_an_agent_leaves_nothing(box: Box, agent: Agent) -> None:
    notify(box, agent.path, "mkdir")
    with box.started("sleep", "60") as container:
        agent.end()
        with pytest.raises(Unavailable, match=r"send to the agent at .*: connection refused"):
            box.execute(container, "true")
        assert container.cgroup.pids() == [container.pid]


def test_a_socket_that_is_no_stream_is_refused(box: Box, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(tmp_path / "datagrams.sock"))
        notify(box, tmp_path / "datagrams.sock", "mkdir")
        with pytest.raises(Unavailable, match="protocol wrong type for socket"):
            box.run("true")


def test_a_listener_without_notifications_is_ignored(box: Box) -> None:
    box.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/absent"}
    assert box.run("mkdir", "/tmp/x").code == 0


def test_write_cannot_be_notified(box: Box, agent: Agent) -> None:
    notify(box, agent.path, "write")
    with pytest.raises(InvalidArgument, match="SCMP_ACT_NOTIFY cannot be the action of write"):
        box.run("true")
    assert agent.received() == []
