"""`seacan-runtime` as other engines and as people call it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.root.runtime.boxes import DEADLINE_S, Box, wait_until
from tests.root.runtime.executable import WAYS, Runtime, command, detached

from seacan.kernel import terminals

pytestmark = pytest.mark.root


def test_run_passes_input_output_and_status(box: Box, runtime: Runtime) -> None:
    box.write("sh", "-c", "cat; echo error >&2; exit 7")
    done = runtime("run", box.id, stdin="through")
    assert (done.returncode, done.stdout, done.stderr) == (7, "through", "error\n")
    assert box.leftovers() == []


def test_commands_from_create_to_delete(box: Box, runtime: Runtime) -> None:
    box.write("sleep", "60")
    pid_file = box.path / "pid"
    created = detached(box, "create", "-b", str(box.path), "--pid-file", str(pid_file), box.id)
    assert created.returncode == 0
    state = json.loads(runtime("state", box.id).stdout)
    assert state == {
        "ociVersion": "1.2.0",
        "id": box.id,
        "pid": int(pid_file.read_text()),
        "status": "created",
        "bundle": str(box.path),
        "rootfs": str(box.rootfs),
        "created": state["created"],
        "owner": "",
    }
    age = datetime.now(UTC) - datetime.fromisoformat(state["created"])
    assert timedelta(0) < age < timedelta(seconds=DEADLINE_S)
    assert runtime("start", box.id).returncode == 0
    assert json.loads(runtime("state", box.id).stdout)["status"] == "running"
    assert [row["id"] for row in json.loads(runtime("list", "-f", "json").stdout)] == [box.id]
    assert runtime("list", "-q").stdout == f"{box.id}\n"
    assert runtime("delete", box.id).returncode == 1
    assert runtime("kill", box.id, "KILL").returncode == 0
    wait_until(lambda: json.loads(runtime("state", box.id).stdout)["status"] == "stopped")
    assert runtime("delete", box.id).returncode == 0
    assert runtime("state", box.id).returncode == 1


def test_exec(box: Box, runtime: Runtime) -> None:
    with box.started("sleep", "60"):
        done = runtime(
            "exec", "-e", "A=b", "-u", "1000:7", box.id, "sh", "-c", "echo $A; id; exit 4"
        )
        assert done.returncode == 4
        assert done.stdout.startswith("b\nuid=1000(u) gid=7")
        process = {**box.process, "args": ["pwd"], "cwd": "/tmp"}
        (box.path / "process.json").write_text(json.dumps(process))
        file = str(box.path / "process.json")
        assert runtime("exec", "--process", file, box.id).stdout == "/tmp\n"
        failed = runtime("exec", box.id, "absent")
        assert failed.returncode == 255
        assert 'exec: "absent": executable file not found in $PATH' in failed.stderr


def test_exec_of_a_file_that_says_little(box: Box, runtime: Runtime) -> None:
    box.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}]
    script = "grep -hE 'CapBnd|Max open' /proc/self/status /proc/self/limits"
    process = {"args": ["sh", "-c", script], "cwd": "/", "env": ["PATH=/bin"]}
    file = box.path / "process.json"
    with box.started("sleep", "60") as container:
        own = box.execute(container, "sh", "-c", script).out
        file.write_text(json.dumps(process))
        assert runtime("exec", "--process", str(file), box.id).stdout == own
        file.write_text(json.dumps({**process, "capabilities": {}}))
        said = runtime("exec", "--process", str(file), box.id).stdout
        assert said.split()[1] == "0" * 16
        assert said.splitlines()[1:] == own.splitlines()[1:]


def test_a_detached_exec_outlives_the_executable(box: Box, runtime: Runtime) -> None:
    script = "sleep 0.3; echo done > /tmp/done"
    with box.started("sleep", "60") as container:
        assert runtime("exec", "--detach", box.id, "sh", "-c", script).returncode == 0
        done = Path(f"/proc/{container.pid}/root/tmp/done")
        wait_until(lambda: done.exists() and done.read_text() == "done\n")


def test_failure_is_one_line_and_in_the_log(box: Box, runtime: Runtime) -> None:
    box.write("absent")
    log = box.path / "log.json"
    failed = runtime("--log", str(log), "--log-format", "json", "run", box.id)
    text = 'exec: "absent": executable file not found in $PATH'
    assert failed.returncode == 1
    assert failed.stderr == f"seacan-runtime: {text}\n"
    entry = json.loads(log.read_text())
    assert (entry["level"], entry["msg"]) == ("error", text)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["state", "absent"], "container absent does not exist"),
        (["kill", "absent", "FUN"], "container absent does not exist"),
        (["state", "../x"], "invalid container ID format: '../x'"),
        (["run", "-b", "/absent", "x"], "open /absent/config.json: no such file or directory"),
        (["--root", "/", "list"], "--root: not a directory for states: /"),
        (["--rootless", "perhaps", "list"], "--rootless: not true, false or auto"),
        (["--log-format", "xml", "list"], "invalid value 'xml' for flag --log-format"),
        (["exec", "--nothing", "x", "y"], "unknown flag: --nothing"),
    ],
)
def test_refusals(runtime: Runtime, args: list[str], text: str) -> None:
    failed = runtime(*args)
    assert failed.returncode == 1
    assert text in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_signals_are_forwarded(box: Box) -> None:
    box.write("sh", "-c", "trap 'exit 21' TERM; echo ready; while true; do sleep 0.05; done")
    with subprocess.Popen(
        command(box, "run", "-b", str(box.path), box.id), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 21


def test_death_by_signal_is_128_and_its_number(box: Box, runtime: Runtime) -> None:
    with box.started("sleep", "60"):
        done = runtime("exec", box.id, "sh", "-c", "kill -USR1 $$")
        assert done.returncode == 128 + signal.SIGUSR1


def test_terminal_in_the_foreground(box: Box) -> None:
    box.process["terminal"] = True
    on_resize = "trap 'stty size; exit 3' WINCH; echo armed; while true; do sleep 0.05; done"
    box.write("sh", "-c", f"stty size; read line; echo $line | cat; {on_resize}")
    master, slave = os.openpty()
    terminals.set_size(master, 30, 90)
    with subprocess.Popen(
        command(box, "run", "-b", str(box.path), box.id), stdin=slave, stdout=slave, stderr=slave
    ) as process:
        read_until(master, b"30 90")
        os.write(master, b"typed\r")
        read_until(master, b"typed\r\ntyped\r\narmed")
        terminals.set_size(master, 40, 100)
        process.send_signal(signal.SIGWINCH)
        read_until(master, b"40 100")
        assert process.wait(DEADLINE_S) == 3
    os.close(slave)
    os.close(master)


def read_until(fd: int, wanted: bytes) -> bytes:
    seen = b""
    deadline = time.monotonic() + DEADLINE_S
    while wanted not in seen:
        assert time.monotonic() < deadline, seen
        if select.select([fd], [], [], 0.1)[0]:
            seen += os.read(fd, 4096)
    return seen


def test_terminal_over_a_console_socket(box: Box, runtime: Runtime, tmp_path: Path) -> None:
    box.process["terminal"] = True
    box.write("sh", "-c", "tty; read x")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "console"))
        listener.listen()
        done = runtime("run", "-d", "--console-socket", str(tmp_path / "console"), box.id)
        assert done.returncode == 0, done.stderr
        connection, _ = listener.accept()
        with connection:
            message, (master,), _, _ = socket.recv_fds(connection, 64, 1)
    assert message == b"/dev/ptmx"
    read_until(master, b"/dev/pts/0")
    os.write(master, b"\n")
    wait_until(lambda: json.loads(runtime("state", box.id).stdout)["status"] == "stopped")
    os.close(master)


def test_terminal_without_a_console_socket_cannot_be_detached(box: Box, runtime: Runtime) -> None:
    box.process["terminal"] = True
    box.write("true")
    assert "without setting console socket" in runtime("run", "-d", box.id).stderr


def test_no_descriptor_of_the_callers_reaches_the_process(box: Box) -> None:
    box.write("ls", "/proc/self/fd")
    leak = os.open("/", os.O_RDONLY)
    out = subprocess.run(
        command(box, "run", "-b", str(box.path), box.id),
        pass_fds=(leak,),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    ).stdout
    os.close(leak)
    assert out.split() == ["0", "1", "2", "3"]  # 3 is the listing's own


def test_version(runtime: Runtime) -> None:
    assert runtime("--version").stdout.splitlines()[1].startswith("spec: 1.")


@pytest.mark.parametrize("way", WAYS)
def test_the_interpreter_cannot_be_reached_through_proc_self_exe(
    box: Box, runtime: Runtime, way: list[str]
) -> None:
    """CVE-2019-5736: a container whose command is /proc/self/exe ran, and overwrote, the host's."""
    for directory in ("/usr", "/lib", "/lib64", sys.base_prefix):
        if os.path.isdir(directory):
            box.mount(directory, "bind", directory, "rbind", "ro")
    script = """
import fcntl, os
print(os.readlink("/proc/self/exe"))
print(fcntl.fcntl(os.open("/proc/self/exe", os.O_RDONLY), fcntl.F_GET_SEALS))
"""
    box.process["env"] += [f"PYTHONHOME={sys.base_prefix}"]
    box.process["env"] += [f"LD_LIBRARY_PATH={sys.base_prefix}/lib"]
    box.write("/proc/self/exe", "-c", script)
    done = runtime("run", box.id, way=way)
    assert done.stdout.splitlines() == ["/memfd:seacan-python (deleted)", "15"], done


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_joins_shows_no_file_of_the_host(
    box: Box, runtime: Runtime, way: list[str]
) -> None:
    """CVE-2019-5736: with CAP_SYS_PTRACE a container may look at what joins it."""
    for kind in ("bounding", "effective", "permitted"):
        box.process["capabilities"][kind] += ["CAP_SYS_PTRACE"]
    script = """
    while true; do
      for p in /proc/[0-9]*; do
        exe=$(readlink $p/exe) && case $exe in /bin/busybox) ;; *) echo $exe ;; esac
      done 2>/dev/null
    done > /tmp/seen
    """
    with box.started("sh", "-c", script):
        seen = box.rootfs / "tmp/seen"
        wait_until(
            lambda: runtime("exec", box.id, "true", way=way).returncode or seen.read_text() != ""
        )
    assert set(seen.read_text().splitlines()) == {"/memfd:seacan-python (deleted)"}
