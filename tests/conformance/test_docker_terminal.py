"""`docker run -it` and its kin, typed into a real terminal."""

import pytest
from tests.conformance.docker_cli import Docker

pytestmark = [pytest.mark.root, pytest.mark.conformance]

PROMPT = "/ # "
CTRL_C = "\x03"
CTRL_Z = "\x1a"
DETACH = "\x10\x11"  # ctrl-P ctrl-Q


def test_a_shell_has_a_terminal(docker: Docker) -> None:
    with docker.terminal("run", "--rm", "-it", "busybox", "sh") as terminal:
        terminal.expect(PROMPT)
        terminal.send("tty; test -t 0 && test -t 1 && test -t 2 && echo all''three\n")
        terminal.expect("/dev/pts/0\r\n")
        terminal.expect("allthree\r\n")
        terminal.send("ls -l /dev/console | cut -c1; echo $TERM\n")
        terminal.expect("c\r\nxterm\r\n")
        terminal.send("exit 5\n")
        assert terminal.wait() == 5


def test_size_and_resize(docker: Docker) -> None:
    with docker.terminal("run", "--rm", "-it", "busybox", "sh") as terminal:
        terminal.expect(PROMPT)
        terminal.send("stty size\n")
        terminal.expect("24 80\r\n")
        terminal.send("trap 'echo win''ch' WINCH; echo rea''dy; while sleep 0.1; do :; done\n")
        terminal.expect("ready\r\n")
        terminal.resize(50, 132)
        terminal.expect("winch\r\n")
        terminal.send(CTRL_C)
        terminal.expect(PROMPT)
        terminal.send("stty size\n")
        terminal.expect("50 132\r\n")


def test_job_control(docker: Docker) -> None:
    with docker.terminal("run", "--rm", "-it", "busybox", "sh") as terminal:
        terminal.expect(PROMPT)
        terminal.send("sh -c 'echo rea''dy; exec sleep 100'\n")
        terminal.expect("ready\r\n")
        terminal.send(CTRL_Z)
        terminal.expect(r"\[1\]\+ +Stopped")
        terminal.expect(PROMPT)
        terminal.send("fg\n")
        terminal.expect("sleep 100.\r\n")
        terminal.send(CTRL_C)
        terminal.expect(PROMPT)
        terminal.send("echo $?\n")
        terminal.expect("130\r\n")


def test_ctrl_c_ends_the_command(docker: Docker) -> None:
    script = "trap 'exit 9' INT; echo go''od; sleep 1000 & wait"
    with docker.terminal("run", "--rm", "-it", "busybox", "sh", "-c", script) as terminal:
        terminal.expect("good\r\n")
        terminal.send(CTRL_C)
        assert terminal.wait() == 9


def test_detach_and_attach_again(docker: Docker) -> None:
    with docker.terminal("run", "--name", docker.name, "-it", "busybox", "sh") as terminal:
        terminal.expect(PROMPT)
        terminal.send("X=kept\n")
        terminal.expect(PROMPT)
        terminal.send(DETACH)
        assert terminal.wait() == 0
    assert docker.inspect(docker.name, "{{.State.Running}}") == "true"
    with docker.terminal("attach", docker.name) as terminal:
        terminal.send("echo $X''!\n")
        terminal.expect("kept!\r\n")
        terminal.send("exit 3\n")
        assert terminal.wait() == 3


def test_other_detach_keys(docker: Docker) -> None:
    with docker.terminal("run", "--detach-keys", "ctrl-a,x", "-it", "busybox", "sh") as terminal:
        terminal.expect(PROMPT)
        terminal.send("stty raw -echo; echo rea''dy; head -c 3 | od -c; stty sane\n")
        terminal.expect("ready")
        terminal.send("a\x01b")  # only half of the keys: they go through
        terminal.expect("a 001 +b")
        terminal.expect(PROMPT)
        terminal.send("\x01x")
        assert terminal.wait() == 0


def test_start_attached(docker: Docker) -> None:
    container = docker.ok("create", "-it", "busybox", "sh")
    with docker.terminal("start", "-ai", container) as terminal:
        terminal.expect(PROMPT)
        terminal.send("exit 4\n")
        assert terminal.wait() == 4


def test_exec_in_a_terminal(docker: Docker) -> None:
    container = docker.ok("run", "-d", "busybox", "sleep", "1000")
    with docker.terminal("exec", "-it", container, "sh") as terminal:
        terminal.expect(PROMPT)
        terminal.send("tty; ps -o pid,args\n")
        terminal.expect("/dev/pts/0\r\n")
        terminal.expect(r" 1 sleep 1000\r\n")
        terminal.resize(33, 99)
        terminal.expect(PROMPT)
        terminal.send('until stty size | grep "33 99"; do sleep 0.1; done\n')
        terminal.expect("\n33 99\r\n")
        terminal.send("exit 6\n")
        assert terminal.wait() == 6
    assert docker.inspect(container, "{{.State.Running}}") == "true"


def test_detach_from_exec(docker: Docker) -> None:
    container = docker.ok("run", "-d", "busybox", "sleep", "1000")
    with docker.terminal("exec", "-it", container, "sh") as terminal:
        terminal.expect(PROMPT)
        terminal.send(DETACH)
        terminal.wait()
    assert docker.inspect(container, "{{.State.Running}}") == "true"


def test_output_of_a_terminal_is_logged_as_one_stream(docker: Docker) -> None:
    with docker.terminal(
        "run", "--name", docker.name, "-it", "busybox", "sh", "-c", "echo out; echo err >&2"
    ) as terminal:
        terminal.expect("out\r\nerr\r\n")
        assert terminal.wait() == 0
    assert docker("logs", docker.name).out == "out\r\nerr\r\n"


def test_a_terminal_without_one(docker: Docker) -> None:
    result = docker("run", "--rm", "-it", "busybox", "true")
    assert result.status == 1
    assert "not a TTY" in result.err
    assert docker.ok("run", "--rm", "-t", "busybox", "tty") == "/dev/pts/0"
