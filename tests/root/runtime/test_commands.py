"""Flags of the executable, each by its effect."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from tests.root.runtime.boxes import DEADLINE_S, Box, wait_until
from tests.root.runtime.executable import Runtime, command, detached

from seacan.kernel.cgroups import hierarchy

pytestmark = pytest.mark.root


def test_keep(box: Box, runtime: Runtime) -> None:
    box.write("true")
    assert runtime("run", "--keep", box.id).returncode == 0
    assert json.loads(runtime("state", box.id).stdout)["status"] == "stopped"
    assert runtime("delete", box.id).returncode == 0


@pytest.mark.parametrize("flags", [[], ["--no-subreaper"]])
def test_orphans_come_to_the_runtime_unless_it_shall_not_have_them(
    box: Box, flags: list[str]
) -> None:
    box.linux["namespaces"].remove({"type": "pid"})
    orphan = "sh -c 'sleep 60 & echo $!'"
    box.write("sh", "-c", f"{orphan}; while true; do sleep 1; done")
    arguments = ("run", *flags, "-b", str(box.path), box.id)
    with subprocess.Popen(command(box, *arguments), stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        wait_until(lambda: _is_reparented(pid))
        assert (_parent_of(pid) == running.pid) == (not flags)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())
        running.send_signal(signal.SIGTERM)
        assert running.wait(DEADLINE_S) == 128 + signal.SIGTERM


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _is_reparented(pid: int) -> bool:
    try:
        return Path(f"/proc/{_parent_of(pid)}/comm").read_text() != "sh\n"
    except OSError:  # the parent is ending just now
        return False


def test_preserved_descriptors(box: Box, runtime: Runtime) -> None:
    box.write("sh", "-c", "cat <&3; ls /proc/self/fd")
    (box.path / "third").write_text("third ")
    arguments = " ".join(command(box, "run", "--preserve-fds", "1", box.id))
    done = subprocess.run(
        ["sh", "-c", f"exec 3<third; exec {arguments}"],
        cwd=box.path,
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )
    assert done.stdout.split() == ["third", "0", "1", "2", "3", "4"]


def test_descriptors_of_the_runtimes_own_are_not_preserved(box: Box, runtime: Runtime) -> None:
    box.write("true")
    assert "descriptor 3 is not open" in runtime("run", "--preserve-fds", "9", box.id).stderr
    with box.started("sleep", "60"):
        failed = runtime("exec", "--preserve-fds", "9", box.id, "true")
        assert "descriptor 3 is not open" in failed.stderr


def test_sockets_of_systemd_are_passed_on_and_told_of(box: Box, runtime: Runtime) -> None:
    box.write("sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4; ls /proc/self/fd")
    (box.path / "first").write_text("first ")
    (box.path / "second").write_text("second ")
    arguments = " ".join(command(box, "run", "--preserve-fds", "1", box.id))
    activate = "LISTEN_PID=$$ LISTEN_FDS=1"
    done = subprocess.run(
        ["sh", "-c", f"exec 3<first 4<second; {activate} exec {arguments}"],
        cwd=box.path,
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )
    assert done.stdout.split() == ["1", "1", "first", "second", *("0", "1", "2", "3", "4", "5")]


def test_sockets_for_another_process_are_not_passed_on(box: Box) -> None:
    box.write("sh", "-c", "echo [$LISTEN_FDS]; ls /proc/self/fd")
    arguments = " ".join(command(box, "run", box.id))
    done = subprocess.run(
        ["sh", "-c", f"exec 3</dev/null; LISTEN_PID=1 LISTEN_FDS=1 exec {arguments}"],
        cwd=box.path,
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )
    assert done.stdout.split() == ["[]", "0", "1", "2", "3"]


@pytest.mark.parametrize("is_exec", [False, True])
def test_pidfd_socket(box: Box, runtime: Runtime, tmp_path: Path, is_exec: bool) -> None:
    box.write("sleep", "60")
    path = str(tmp_path / "pidfd")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        pid_file = str(tmp_path / "pid")
        named = ("--pidfd-socket", path, "--pid-file", pid_file)
        if is_exec:
            assert detached(box, "run", "-d", box.id).returncode == 0
            assert detached(box, "exec", "-d", *named, box.id, "sleep", "60").returncode == 0
        else:
            assert detached(box, "create", *named, box.id).returncode == 0
        connection, _ = listener.accept()
        with connection:
            _, (pidfd,), _, _ = socket.recv_fds(connection, 64, 1)
    about = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
    os.close(pidfd)
    assert f"Pid:\t{Path(pid_file).read_text()}\n" in about


def test_a_pid_file_that_cannot_be_written_leaves_nothing(box: Box, runtime: Runtime) -> None:
    box.write("sleep", "60")
    for name in ("create", "run"):
        flags = ("-d",) if name == "run" else ()
        failed = detached(box, name, *flags, "--pid-file", "/absent/pid", box.id)
        assert failed.returncode == 1
        assert "/absent/" in failed.stderr
        assert box.leftovers() == []


def test_delete_removes_what_an_interrupted_create_left(box: Box, runtime: Runtime) -> None:
    (box.root / box.id).mkdir(parents=True)
    assert runtime("list", "-q").stdout == ""
    assert runtime("delete", box.id).returncode == 1
    assert box.leftovers() == []
    assert runtime("delete", "--force", box.id).returncode == 0


def test_ps(box: Box, runtime: Runtime) -> None:
    with box.started("sh", "-c", "sleep 60 & wait") as container:
        wait_until(lambda: len(container.cgroup.pids()) == 2)
        pids = json.loads(runtime("ps", "--format", "json", box.id).stdout)
        assert sorted(pids) == sorted(container.cgroup.pids())
        head, *lines = runtime("ps", box.id).stdout.splitlines()
        assert head.split()[:2] == ["UID", "PID"]
        assert sorted(int(line.split()[1]) for line in lines) == sorted(pids)
        table = runtime("ps", box.id, "-eo", "args,pid").stdout
        assert f"sleep 60 {pids[-1]}" in " ".join(table.split())
        refused = runtime("ps", box.id, "-eo", "args")
        assert "there is no column PID" in refused.stderr


def test_exec_flags(box: Box, runtime: Runtime) -> None:
    box.process["user"] = {"uid": 5, "gid": 6, "additionalGids": [8]}
    show = ("sh", "-c", "id -u; id -G; pwd; grep -E 'CapBnd|NoNewPrivs' /proc/self/status")
    with box.started("sleep", "60"):
        plain = runtime("exec", box.id, *show).stdout.split()
        assert plain[:5] == ["5", "6", "8", "/", "CapBnd:"]
        assert plain[-1] == "0"
        flags = ("-u", "1000", "-g", "9", "--additional-gids=10", "--cwd", "/tmp")
        more = ("--cap", "CAP_SYS_TIME", "--no-new-privs")
        uid, *rest = runtime("exec", *flags, *more, box.id, *show).stdout.split()
        assert (uid, rest[:5]) == ("1000", ["6", "8", "9", "10", "/tmp"])
        assert int(rest[6], 16) == int(plain[5], 16) | 1 << 25  # CAP_SYS_TIME
        assert rest[-1] == "1"


@pytest.mark.skipif(hierarchy.detect() != "v1", reason="names controllers of cgroup v1")
def test_exec_in_a_cgroup_below(box: Box, runtime: Runtime) -> None:
    with box.started("sleep", "60") as container:
        Path(hierarchy._layout().v1["pids"], box.id, "inner").mkdir()
        done = runtime("exec", "--cgroup", "pids:inner", box.id, "cat", "/proc/self/cgroup")
        lines = [line.split(":", 1)[1] for line in done.stdout.splitlines()]
        assert "pids:/inner" in lines
        assert "memory:/" in lines
        for wrong, text in (
            ("pids:absent", "/absent/tasks"),
            ("pids:../x", "not a path below"),
            ("inner", "CONTROLLERS:PATH is wanted"),
            ("absent:inner", "absent"),
        ):
            failed = runtime("exec", "--cgroup", wrong, box.id, "true")
            assert failed.returncode == 255
            assert text in failed.stderr
        assert len(container.cgroup.pids()) == 1


def test_mistakes_are_in_the_log_as_well(box: Box, runtime: Runtime) -> None:
    log = box.path / "log"
    wrong = (
        ["create"],
        ["create", "--nothing", "x"],
        ["state", "x"],
        ["--rootless=perhaps", "list"],
    )
    for arguments in wrong:
        failed = runtime("--log", str(log), "--log-format=json", *arguments)
        entry = json.loads(log.read_text())
        assert failed.stderr == f"seacan-runtime: {entry['msg']}\n"
        assert entry["level"] == "error"
        log.unlink()


def test_warnings_are_in_the_log_alone(box: Box, runtime: Runtime) -> None:
    log = box.path / "log"
    box.process["capabilities"]["bounding"].append("CAP_FLY")
    box.write("sh", "-c", "echo done >&2")
    done = runtime("--log", str(log), "--log-format=json", "run", box.id)
    assert (done.returncode, done.stderr) == (0, "done\n")
    entry = json.loads(log.read_text())
    assert entry["level"] == "warn"
    assert entry["msg"] == "capabilities that cannot be given are left out names=CAP_FLY"
    log.unlink()
    assert "CAP_FLY" in runtime("run", box.id).stderr


def test_debug_tells_of_each_call(box: Box, runtime: Runtime) -> None:
    log = box.path / "log"
    runtime("--debug", "--log", str(log), "--log-format=json", "list")
    entry = json.loads(log.read_text())
    assert entry["level"] == "debug"
    assert json.loads(entry["msg"])[-1] == "list"


def test_unknown_command_and_help(runtime: Runtime) -> None:
    assert runtime("fly").returncode == 3
    for arguments in ([], ["--help"], ["help"], ["create", "--help"]):
        done = runtime(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert "usage: seacan-runtime" in done.stdout


def test_output_that_nobody_reads(box: Box) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command(box, "features"), stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "seacan-runtime: broken pipe\n")
