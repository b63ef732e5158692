import os
import socket

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Conflict, InvalidArgument
from seacan.runtime.exec import exec_process

pytestmark = pytest.mark.root


def test_sees_what_the_first_process_sees(box: Box) -> None:
    with box.started("sleep", "60") as container:
        for kind in ("pid", "mnt", "uts", "ipc", "net", "cgroup"):
            ours = os.readlink(f"/proc/{container.pid}/ns/{kind}")
            assert box.execute(container, "readlink", f"/proc/self/ns/{kind}").out.strip() == ours
        cgroups = box.execute(container, "cat", "/proc/self/cgroup").out
        assert cgroups == box.execute(container, "cat", "/proc/1/cgroup").out
        assert box.execute(container, "hostname").out == "box\n"


def test_is_restricted_like_the_first_process(box: Box) -> None:
    box.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 111},
        ],
    }
    with box.started("sleep", "60") as container:
        command = ("grep", "-E", "Cap|Seccomp:", "/proc/self/status")
        first = box.execute(container, "grep", "-E", "Cap|Seccomp:", "/proc/1/status").out
        assert box.execute(container, *command).out == first
        assert "CapInh:\t0000000000000000" in first
        assert "Connection refused" in box.execute(container, "mkdir", "/tmp/x").out


def test_exit_status_user_directory_environment(box: Box) -> None:
    with box.started("sleep", "60") as container:
        result = box.execute(
            container,
            "sh",
            "-c",
            "id -u; pwd; echo $A; exit 9",
            user={"uid": 1000, "gid": 1000},
            cwd="/tmp",
            env=["PATH=/bin", "A=b"],
        )
    assert result.code == 9
    assert result.out.split() == ["1000", "/tmp", "b"]


def test_working_directory_that_is_missing(box: Box) -> None:
    text = r'chdir to cwd \("/absent"\) set in config.json failed: no such file or directory'
    with box.started("sleep", "60") as container, pytest.raises(InvalidArgument, match=text):
        box.execute(container, "true", cwd="/absent")


def test_terminal(box: Box) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, box.started("sleep", "60") as container:
        process = {**box.process, "args": ["tty"], "terminal": True}
        pid = exec_process(container, process, stdio=(0, 1, 2), console=theirs)  # type: ignore[arg-type]
        _, (master,), _, _ = socket.recv_fds(ours, 16, 1)
        os.waitpid(pid, 0)
        assert os.read(master, 100) == b"/dev/pts/0\r\n"
        os.close(master)


def test_stopped_container(box: Box) -> None:
    with box.started("true") as container:
        os.waitpid(container.pid, 0)
        with pytest.raises(Conflict, match="container not running"):
            box.execute(container, "true")


def test_no_process_is_left_of_a_failure(box: Box) -> None:
    with box.started("sleep", "60") as container:
        with pytest.raises(InvalidArgument):
            box.execute(container, "absent")
        assert box.execute(container, "sh", "-c", "ls -d /proc/[0-9]*").out.count("/proc/") == 2
