import os
import resource
import signal
import socket
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box, wait_until

from seacan.errors import Conflict, Internal, InvalidArgument, NotFound
from seacan.kernel import terminals
from seacan.runtime.container import load
from seacan.runtime.failures import CommandNotExecutable, CommandNotFound

pytestmark = pytest.mark.root


def test_states_from_created_to_gone(box: Box) -> None:
    with box.created("sleep", "60") as container:
        assert container.status() == "created"
        container.start()
        assert container.status() == "running"
        with pytest.raises(Conflict, match="cannot start an already running container"):
            container.start()
        with pytest.raises(Conflict, match="not stopped: running"):
            container.delete()
        container.kill(signal.SIGKILL)
        status = os.waitpid(container.pid, 0)[1]
        assert os.WTERMSIG(status) == signal.SIGKILL
        assert container.status() == "stopped"
        with pytest.raises(Conflict, match="container not running"):
            container.kill(signal.SIGTERM)
        with pytest.raises(Conflict, match="cannot start a container that has stopped"):
            container.start()
        container.delete()
        with pytest.raises(NotFound, match=f"container {box.id} does not exist"):
            load(box.root, box.id)


def test_exit_status(box: Box) -> None:
    assert box.run("sh", "-c", "exit 42").code == 42


def test_id_in_use(box: Box) -> None:
    with (
        box.created("true"),
        pytest.raises(Conflict, match="container with given ID already exists"),
        box.created("true"),
    ):
        pass


def test_cgroup_with_processes_of_others_is_refused(box: Box) -> None:
    with box.started("sleep", "60"):
        other = Box(box.path / "second")
        other.linux["cgroupsPath"] = box.linux["cgroupsPath"]
        with pytest.raises(Conflict, match="cgroup is not empty: 1 process"):
            other.run("true")
        assert list(other.root.iterdir()) == []


def test_all_processes_end_with_the_container_without_a_pid_namespace(box: Box) -> None:
    box.linux["namespaces"] = [ns for ns in box.linux["namespaces"] if ns["type"] != "pid"]
    with box.started("sh", "-c", "sleep 60 & exec sleep 60") as container:
        wait_until(lambda: len(container.cgroup.pids()) == 2)
    assert container.cgroup.pids() == []


def test_limit_of_the_cgroup_holds(box: Box) -> None:
    box.linux["resources"] = {"pids": {"limit": 3}, "memory": {"limit": 64 << 20}}
    box.mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro")
    out = box.sh("cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory/memory.limit_in_bytes")
    assert out.split() == ["3", str(64 << 20)]


def test_device_that_is_not_allowed(box: Box) -> None:
    box.linux["devices"] = [{"type": "c", "path": "/dev/mem", "major": 1, "minor": 1}]
    out = box.run("sh", "-c", "cat /dev/mem; head -c1 /dev/zero | wc -c; echo > /dev/null").out
    assert "Operation not permitted" in out
    assert out.endswith("1\n")


def test_start_by_another_process(box: Box) -> None:
    with box.created("sh", "-c", "exit 5") as container:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                other = load(box.root, box.id)
                other.start()
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert os.waitstatus_to_exitcode(os.waitpid(container.pid, 0)[1]) == 5


def test_delete_of_a_created_container(box: Box) -> None:
    with box.created("true") as container:
        container.delete()
        os.waitpid(container.pid, 0)


def test_sigkill_reaches_every_process_also_without_a_pid_namespace(box: Box) -> None:
    box.linux["namespaces"].remove({"type": "pid"})
    with box.started("sh", "-c", "sleep 60 & sleep 60 & wait") as container:
        wait_until(lambda: len(container.cgroup.pids()) == 3)
        container.kill(signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(container.pid, 0)[1]) == signal.SIGKILL
        assert container.cgroup.pids() == []
        with pytest.raises(Conflict, match="container not running"):
            container.kill(signal.SIGKILL)


def test_recycled_pid_is_not_ours(box: Box) -> None:
    with box.started("sleep", "60") as container:
        record = Path(container.directory.record)
        text = record.read_text()
        started = f'"started":{container.record.started}'
        assert started in text
        record.write_text(text.replace(started, f'"started":{container.record.started + 1}'))
        other = load(box.root, box.id)
        assert other.status() == "stopped"
        with pytest.raises(Conflict):
            other.kill(signal.SIGKILL)
        record.write_text(text)


@pytest.mark.parametrize(
    ("command", "kind", "text"),
    [
        ("foo", CommandNotFound, 'exec: "foo": executable file not found in $PATH'),
        ("/x", CommandNotFound, 'exec: "/x": stat /x: no such file or directory'),
        ("/etc", CommandNotExecutable, 'exec: "/etc": is a directory: permission denied'),
        ("/etc/passwd", CommandNotExecutable, 'exec: "/etc/passwd": permission denied'),
    ],
)
def test_command_that_cannot_be_executed(
    box: Box, command: str, kind: type[InvalidArgument], text: str
) -> None:
    with pytest.raises(kind) as caught:
        box.run(command)
    assert str(caught.value) == text
    with box.started("sleep", "60") as container, pytest.raises(kind) as caught:
        box.execute(container, command)
    assert str(caught.value) == text


def test_user_without_the_right_to_execute(box: Box) -> None:
    (box.rootfs / "bin/secret").write_text("#!/bin/sh\n")
    (box.rootfs / "bin/secret").chmod(0o700)
    box.process["user"] = {"uid": 1000, "gid": 1000}
    box.process["capabilities"] = {}
    with pytest.raises(CommandNotExecutable, match="permission denied"):
        box.run("/bin/secret")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"no program", "exec /bad: exec format error"),
        (b"#!/absent\n", "exec /bad: no such file or directory"),
    ],
)
def test_format_error_is_of_start_and_is_printed(box: Box, content: bytes, text: str) -> None:
    (box.rootfs / "bad").write_bytes(content)
    (box.rootfs / "bad").chmod(0o755)
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as output:
        with box.created("/bad", stdout=writer) as container:
            os.close(writer)
            with pytest.raises(CommandNotExecutable, match=text):
                container.start()
            assert os.waitstatus_to_exitcode(os.waitpid(container.pid, 0)[1]) == 255
        assert output.read().decode() == text + "\n"


def test_rlimits(box: Box) -> None:
    box.process["rlimits"] = [
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 2**64 - 1},
    ]
    lines = box.sh("cat /proc/self/limits").splitlines()
    assert next(line for line in lines if "open files" in line).split()[3:5] == ["100", "200"]
    assert next(line for line in lines if "core" in line).split()[4:6] == ["0", "unlimited"]


def test_rlimit_above_the_hard_limit_is_named(box: Box) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    box.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": hard + 1, "hard": hard + 1}]
    box.process["capabilities"] = {}
    with pytest.raises(Internal, match=rf"set RLIMIT_NOFILE to {hard + 1}:{hard + 1}: .*permitted"):
        box.run("true")


def test_oom_score(box: Box) -> None:
    box.process["oomScoreAdj"] = 321
    assert box.sh("cat /proc/self/oom_score_adj").strip() == "321"


def test_sysctls_of_the_namespaces(box: Box) -> None:
    before = Path("/proc/sys/kernel/shmmni").read_text()
    box.linux["sysctl"] = {"kernel.shmmni": "123", "net.ipv4.ip_unprivileged_port_start": "80"}
    script = "cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_unprivileged_port_start"
    assert box.sh(script).split() == ["123", "80"]
    assert Path("/proc/sys/kernel/shmmni").read_text() == before


def test_umask_and_home(box: Box) -> None:
    box.process["user"] = {"uid": 1000, "gid": 1000, "umask": 0o027}
    assert box.sh("grep Umask /proc/self/status; echo $HOME").split() == [
        "Umask:",
        "0027",
        "/home/u",
    ]


def test_preserved_descriptors(box: Box) -> None:
    reader, writer = os.pipe()
    saved = [os.dup(fd) for fd in (3, 4) if _is_open(fd)]
    with os.fdopen(reader, "rb") as output:
        # 3 may be in use by the test run: the pipe takes its place in a child.
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.dup2(writer, 3)
                status = box.run("sh", "-c", "echo through >&3", preserve_fds=1).code
            finally:
                os._exit(status)
        os.close(writer)
        assert output.read() == b"through\n"
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    for fd in saved:
        os.close(fd)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def read_to_end(master: int) -> str:
    out = b""
    while True:
        try:
            out += os.read(master, 4096)
        except OSError:  # EIO: nobody has the slave any more
            return out.decode()


def test_terminal(box: Box) -> None:
    box.process["terminal"] = True
    box.process["consoleSize"] = {"height": 33, "width": 77}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with box.created("sh", "-c", "tty; stty size; ls -l /dev/console", console=theirs) as made:
            _, (master,), _, _ = socket.recv_fds(ours, 16, 1)
            made.start()
            os.waitpid(made.pid, 0)
            out = read_to_end(master)
        assert terminals.get_size(master) == (33, 77)
        os.close(master)
    tty, size, console = out.splitlines()
    assert tty == "/dev/pts/0"
    assert size == "33 77"
    assert "136,   0" in console


def test_failure_leaves_nothing(box: Box) -> None:
    box.mount("/x", "bind", "/absent", "bind")
    with pytest.raises(Internal):
        box.run("true")
    assert box.leftovers() == []
