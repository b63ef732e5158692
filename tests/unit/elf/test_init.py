import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest
from tests.unit.elf.programs import command


@pytest.fixture(params=["amd64", "arm64"])
def init(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    return command(tmp_path, "init", request.param)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["true"], 0, ""),
        (["--", "true"], 0, ""),
        (["sh", "-c", "exit 7"], 7, ""),
        (["/bin/sh", "-c", "exit 255"], 255, ""),
        (["sh", "-c", "kill -KILL $$"], 137, ""),
        (["nosuch"], 127, "init: exec nosuch: not found\n"),
        ([""], 127, "init: exec : not found\n"),
        (["/nosuch/file"], 127, "init: exec /nosuch/file: not found\n"),
        (["/etc"], 126, "init: exec /etc: permission denied\n"),
        (["x" * 5000], 126, f"init: exec {'x' * 5000}: cannot be executed\n"),
        ([], 2, "usage: init [--] COMMAND [ARGUMENT...]\n"),
        (["--"], 2, "usage: init [--] COMMAND [ARGUMENT...]\n"),
    ],
)
def test_exit_status(init: list[str], arguments: list[str], status: int, message: str) -> None:
    done = subprocess.run([*init, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (status, message)


def test_arguments_and_environment_arrive(init: list[str]) -> None:
    done = subprocess.run(
        [*init, "sh", "-c", 'echo "$0|$1|$A"', "a b", "--"],
        env={"A": "x", "PATH": "/nosuch:/etc/passwd::/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "a b|--|x\n"


@pytest.mark.parametrize(
    ("path", "status"),
    [(None, 0), ("/bin", 0), (":/nosuch", 127), ("", 127), ("/" + "d" * 4095, 126)],
)
def test_path_is_searched(init: list[str], path: str | None, status: int) -> None:
    environment = {"PATHS": "/nosuch"} | ({} if path is None else {"PATH": path})
    done = subprocess.run([*init, "true"], env=environment, capture_output=True)
    assert done.returncode == status


def test_an_empty_directory_of_path_is_the_current_one(init: list[str], tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 4\n")
    script.chmod(0o755)
    done = subprocess.run([*init, "script"], env={"PATH": "/nosuch:"}, cwd=tmp_path)
    assert done.returncode == 4


def test_a_file_that_may_not_be_executed_does_not_end_the_search(
    init: list[str], tmp_path: Path
) -> None:
    (tmp_path / "true").write_text("")
    (tmp_path / "plain").write_text("")
    environment = {"PATH": f"{tmp_path}:/bin"}
    assert subprocess.run([*init, "true"], env=environment).returncode == 0
    done = subprocess.run([*init, "plain"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (126, "init: exec plain: permission denied\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGTTIN])
def test_signals_reach_the_command(init: list[str], number: signal.Signals) -> None:
    script = f"trap 'kill $!; exit 9' {number.name[3:]}; sleep 30 & echo ready; wait"
    with subprocess.Popen([*init, "sh", "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait() == 9


@pytest.mark.parametrize("maker", [[], ["env", "--block-signal"]])
def test_the_command_has_no_signal_blocked(init: list[str], maker: list[str]) -> None:
    """Whether the init began with them blocked or not."""
    done = subprocess.run(
        [*maker, *init, "grep", "SigBlk", "/proc/self/status"], capture_output=True, text=True
    )
    assert done.stdout.split() == ["SigBlk:", "0" * 16]


def test_the_command_is_the_terminals_foreground(init: list[str]) -> None:
    controller, terminal = pty.openpty()
    try:
        # Fields 5 and 8 of stat: the process group, and the terminal's foreground group.
        done = subprocess.run(
            ["setsid", "--ctty", "--wait", *init, "cut", "-d ", "-f5,8", "/proc/self/stat"],
            stdin=terminal,
            stdout=subprocess.PIPE,
        )
    finally:
        os.close(terminal)
        os.close(controller)
    group, foreground = done.stdout.split()
    assert group == foreground
