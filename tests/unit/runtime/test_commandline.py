import pytest

from seacan.errors import InvalidArgument
from seacan.runtime import commands
from seacan.runtime.commandline import parse


def test_create_as_containerd_calls_it() -> None:
    options = parse(
        [
            *("--root", "/run/r", "--log", "/l", "--log-format", "json", "--systemd-cgroup"),
            *("create", "--bundle", "/b", "--pid-file", "/p", "--console-socket", "/c", "ID"),
        ]
    )
    assert (options.root, options.log, options.log_format) == ("/run/r", "/l", "json")
    assert (options.bundle, options.pid_file, options.console_socket) == ("/b", "/p", "/c")
    assert options.id == "ID"
    assert options.systemd_cgroup


def test_exec_keeps_the_options_of_the_command() -> None:
    options = parse(["exec", "-t", "-e", "A=b", "-u", "1:2", "ID", "ls", "-l", "--all"])
    assert options.args == ["ls", "-l", "--all"]
    assert options.tty
    assert options.env == ["A=b"]


@pytest.mark.parametrize(
    "argv", [[], ["fly"], ["create"], ["create", "--nothing", "ID"], ["start", "a", "b"]]
)
def test_wrong_usage(argv: list[str]) -> None:
    with pytest.raises(InvalidArgument):
        parse(argv)


@pytest.mark.parametrize(
    ("text", "number"), [("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigterm", 15), ("0", 0)]
)
def test_signal(text: str, number: int) -> None:
    assert commands._signal_number(text) == number


@pytest.mark.parametrize("text", ["", "FUN", "99", "-1", "SIG"])
def test_no_signal(text: str) -> None:
    with pytest.raises(InvalidArgument, match="unknown signal"):
        commands._signal_number(text)
