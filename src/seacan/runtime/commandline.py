"""The command line of `seacan-runtime`: runc's, for the commands that there are.

A table of options by command, read by argparse. What runc knows and this runtime does not do is in
the table as well, so that it is refused by name. Source: runc(8) and its pages by command.
"""

import argparse
from typing import Final, NoReturn

from seacan.errors import InvalidArgument

DEFAULT_ROOT: Final = "/run/seacan-runtime"

# (flags, what argparse needs to know of them)
_Option = tuple[tuple[str, ...], dict[str, object]]


def _value(*flags: str, **more: object) -> _Option:
    return flags, more


def _switch(*flags: str, **more: object) -> _Option:
    return flags, {"action": "store_true", **more}


_GLOBAL: Final = (
    _value("--root", default=DEFAULT_ROOT, metavar="DIR", help="where states are kept"),
    _value("--log", default="", metavar="FILE", help="append messages to FILE as well"),
    _value("--log-format", default="text", choices=("text", "json")),
    _switch("--debug", help="accepted; there are no debug messages"),
    _switch("--systemd-cgroup", help="refused: cgroups are made without systemd"),
    _value("--rootless", default="auto", choices=("auto", "false", "true")),
)
_ID: Final = _value("id", metavar="ID")
_BUNDLE: Final = _value("--bundle", "-b", default=".", metavar="DIR")
_CONSOLE: Final = _value("--console-socket", default="", metavar="SOCKET")
_PID_FILE: Final = _value("--pid-file", default="", metavar="FILE")
_PRESERVE: Final = _value("--preserve-fds", type=int, default=0, metavar="N")
_NO_PIVOT: Final = _switch("--no-pivot", help="move the root instead of pivoting it")
_NO_KEYRING: Final = _switch("--no-new-keyring", help="keep the session keyring")
_DETACH: Final = _switch("--detach", "-d", help="return when the process has been started")

COMMANDS: Final[dict[str, tuple[str, tuple[_Option, ...]]]] = {
    "create": (
        "make a container of a bundle",
        (_BUNDLE, _CONSOLE, _PID_FILE, _PRESERVE, _NO_PIVOT, _NO_KEYRING, _ID),
    ),
    "start": ("execute the command of a created container", (_ID,)),
    "state": ("print the state of a container", (_ID,)),
    "kill": (
        "send a signal to a container",
        (
            _switch("--all", "-a", help="to all its processes"),
            _ID,
            _value("signal", nargs="?", default="SIGTERM"),
        ),
    ),
    "delete": (
        "remove what is left of a container",
        (_switch("--force", "-f", help="kill it first if it runs"), _ID),
    ),
    "run": (
        "create and start a container, and delete it when it has ended",
        (_BUNDLE, _CONSOLE, _PID_FILE, _PRESERVE, _NO_PIVOT, _NO_KEYRING, _DETACH, _ID),
    ),
    "exec": (
        "start a further process in a container",
        (
            _CONSOLE,
            _PID_FILE,
            _PRESERVE,
            _DETACH,
            _value("--process", "-p", default="", metavar="FILE", help="process.json to take"),
            _switch("--tty", "-t", help="give it a terminal"),
            _value("--cwd", default="", metavar="DIR"),
            _value("--env", "-e", action="append", default=[], metavar="NAME=VALUE"),
            _value("--user", "-u", default="", metavar="UID[:GID]"),
            _value("--additional-gids", "-g", type=int, action="append", default=[]),
            _value("--cap", "-c", action="append", default=[], metavar="CAP_NAME"),
            _switch("--no-new-privs"),
            _ID,
            _value("args", nargs=argparse.REMAINDER, metavar="COMMAND"),
        ),
    ),
    "list": (
        "list the containers",
        (
            _value("--format", "-f", default="table", choices=("table", "json")),
            _switch("--quiet", "-q", help="ids only"),
        ),
    ),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidArgument(message)


def parse(argv: list[str]) -> argparse.Namespace:
    """Return the options of `argv`, with `command`. Raises InvalidArgument; exits for --help."""
    parser = _Parser(prog="seacan-runtime", description="OCI runtime", allow_abbrev=False)
    parser.add_argument("--version", "-v", action="store_true", help="print the version")
    _add(parser, _GLOBAL)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (summary, options) in COMMANDS.items():
        _add(commands.add_parser(name, help=summary, allow_abbrev=False), options)
    parsed = parser.parse_args(argv)
    if parsed.command is None and not parsed.version:
        raise InvalidArgument("no command given; see seacan-runtime --help")
    return parsed


def _add(parser: argparse.ArgumentParser, options: tuple[_Option, ...]) -> None:
    for flags, more in options:
        parser.add_argument(*flags, **more)  # type: ignore[arg-type]
