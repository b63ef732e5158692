import pytest

from seacan.errors import InvalidArgument
from seacan.runtime import commandline
from seacan.runtime.commandline import Options, UnknownCommand
from seacan.runtime.flags import COMMANDS


def parse(*argv: str) -> Options:
    options = commandline.defaults()
    words = commandline.parse_global(options, list(argv))
    if not options.help:
        commandline.parse_command(options, words)
    return options


def test_create_as_containerd_calls_it() -> None:
    options = parse(
        *("--root", "/run/r", "--log", "/l", "--log-format", "json", "--systemd-cgroup"),
        *("--rootless=false", "create", "--bundle", "/b", "--pid-file", "/p"),
        *("--console-socket", "/c", "--no-pivot", "--preserve-fds", "2", "ID"),
    )
    assert (options.root, options.log, options.log_format) == ("/run/r", "/l", "json")
    assert (options.bundle, options.pid_file, options.console_socket) == ("/b", "/p", "/c")
    assert (options.command, options.arguments, options.preserve_fds) == ("create", ["ID"], 2)
    assert options.systemd_cgroup
    assert options.no_pivot
    assert not options.no_new_keyring
    assert options.rootless == "false"


@pytest.mark.parametrize(
    "argv",
    [
        *(["-b", "/b"], ["--b", "/b"], ["-bundle", "/b"], ["--bundle", "/b"]),
        *(["-b=/b"], ["--b=/b"], ["-bundle=/b"], ["--bundle=/b"]),
    ],
)
def test_one_dash_or_two_and_both_ways_to_give_a_value(argv: list[str]) -> None:
    assert parse("create", *argv, "ID").bundle == "/b"
    assert parse("create", "ID", *argv).bundle == "/b"


def test_switches() -> None:
    assert parse("run", "-d", "ID").detach
    assert parse("run", "--detach=true", "ID").detach
    assert not parse("run", "-detach=0", "ID").detach
    assert parse("exec", "--no-new-privs=false", "ID", "x").no_new_privs is False
    assert parse("exec", "ID", "x").no_new_privs is None
    assert parse("kill", "ID", "KILL", "--all").all


def test_exec_keeps_the_flags_of_the_command() -> None:
    options = parse("exec", "-t", "-e", "A=b", "--env=C=d", "-u", "1:2", "ID", "ls", "-l", "--all")
    assert options.arguments == ["ID", "ls", "-l", "--all"]
    assert options.tty
    assert options.env == ["A=b", "C=d"]
    assert parse("ps", "ID", "-o", "pid").arguments == ["ID", "-o", "pid"]


def test_two_dashes_end_the_flags() -> None:
    assert parse("kill", "--", "-x", "9").arguments == ["-x", "9"]


def test_lists_are_of_one_call_alone() -> None:
    parse("exec", "-e", "A=b", "ID", "x")
    assert parse("exec", "ID", "x").env == []


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["create"], "create: ID expected"),
        (["create", "--nothing", "ID"], "unknown flag: --nothing"),
        (["--nothing=1", "create", "ID"], "unknown flag: --nothing"),
        (["start", "a", "b"], "start: ID expected, 2 argument"),
        (["list", "a"], "list: no arguments expected"),
        (["exec", "--preserve-fds", "x", "ID", "y"], "invalid value 'x' for flag --preserve-fds"),
        (["run", "--detach=perhaps", "ID"], "invalid value 'perhaps' for flag --detach"),
        (["list", "--format", "xml"], "invalid value 'xml' for flag --format"),
        (["create", "ID", "--bundle"], "flag needs a value: --bundle"),
        (["kill", "a", "b", "c"], "kill: ID \\[SIGNAL\\] expected"),
    ],
)
def test_wrong_usage(argv: list[str], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        parse(*argv)


def test_unknown_command() -> None:
    with pytest.raises(UnknownCommand, match="no such command: 'fly'"):
        parse("fly")


def test_what_came_before_a_mistake_is_known() -> None:
    options = commandline.defaults()
    with pytest.raises(InvalidArgument):
        commandline.parse_global(options, ["--log", "/l", "--nothing", "create"])
    assert options.log == "/l"


@pytest.mark.parametrize(
    "argv", [[], ["help"], ["--help"], ["-h"], ["create", "--help"], ["help", "create"]]
)
def test_help(argv: list[str]) -> None:
    options = parse(*argv)
    assert options.help
    text = commandline.usage(options.command)
    assert ("--bundle, -b DIR" in text) == ("create" in argv)


def test_every_command_has_help_and_a_module() -> None:
    for name, command in COMMANDS.items():
        assert command.summary in commandline.usage("")
        text = commandline.usage(name)
        assert all(f"--{flag.name}" in text for flag in command.flags)
