"""`seacan compose`: from its words to an exit code.

Flags before the name of a command say where the application is, those after it what to do.
"""

from __future__ import annotations

from seacan.cli import flags as flag_parser
from seacan.cli.command import UNLIMITED
from seacan.cli.compose.table import BY_NAME, COMMANDS
from seacan.cli.flags import Flag, FlagError, HelpAsked
from seacan.cli.session import Exit, complain
from seacan.cli.values import SWITCH, TEXT, many, one, read_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.command import Command
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

_LIST = many(str, "stringArray")

FLAGS = (
    Flag("all-resources", "", SWITCH, "Include all resources, even those not used by services"),
    Flag("ansi", "", TEXT, "When to print control characters: never, always, auto", shown='"auto"'),
    Flag("compatibility", "", SWITCH, "Name containers and images as version 1 did: with _"),
    Flag("dry-run", "", SWITCH, "Show what would be done, and do not do it"),
    Flag("env-file", "", _LIST, "Read variables from this file"),
    Flag("file", "f", _LIST, "Compose configuration files"),
    Flag("parallel", "", one("int", -1, read_int), "Do at most so much at once", shown="-1"),
    Flag("profile", "", _LIST, "Specify a profile to enable"),
    Flag("progress", "", TEXT, "How to show progress: auto, tty, plain, json, quiet"),
    Flag(
        "project-directory",
        "",
        TEXT,
        "The working directory (default: that of the first file)",
        also="workdir",
    ),
    Flag("project-name", "p", TEXT, "Project name"),
    Flag("version", "v", SWITCH, "Print the version"),
    Flag("no-ansi", "", SWITCH, "Print no control characters", deprecated="use --ansi=never"),
    Flag("verbose", "", SWITCH, "Print more", deprecated="it has no effect"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    _tell_deprecated(values)
    if not arguments and values.on("version"):
        arguments = ["version"]
    if not arguments or arguments[0] == "help":
        return _print_help(arguments[1:])
    command = BY_NAME.get(arguments[0])
    if command is None:
        _print_help([])
        raise Exit(1, f'unknown docker command: "compose {arguments[0]}"')
    module = __import__(command.module, fromlist=["run"])
    try:
        given, rest = flag_parser.parse(
            (*module.FLAGS, _DRY_RUN), arguments[1:], stop_at_argument=command.runs_another
        )
    except HelpAsked:
        return _print_command_help(command, arguments[0])
    except FlagError as err:
        raise Exit(1, str(err)) from None
    _tell_deprecated(given)
    _check_count(command, len(rest))
    from seacan.cli.compose.composition import Composition

    composition = Composition(session, values, dry_run=values.on("dry-run") or given.on("dry-run"))
    code: int = module.run(composition, given, rest)
    return code


def _tell_deprecated(values: Values) -> None:
    for warning in values.warnings:
        complain(warning)


_DRY_RUN = Flag("dry-run", "", SWITCH, "Show what would be done, and do not do it")


def _check_count(command: Command, count: int) -> None:
    if count < command.least:
        raise Exit(1, f"requires at least {command.least} arg(s), only received {count}")
    if count > command.most != UNLIMITED:
        raise Exit(1, f"accepts at most {command.most} arg(s), received {count}")


def _print_help(words: list[str]) -> int:
    if words and words[0] in BY_NAME:
        return _print_command_help(BY_NAME[words[0]], words[0])
    from seacan.cli.usage import flag_lines, terminal_width

    commands = sorted((command.names[0], command.summary) for command in COMMANDS)
    listed = "\n".join(f"  {name:<11} {summary}" for name, summary in commands)
    print(
        "Usage:  seacan compose [OPTIONS] COMMAND\n\n"
        "Define and run applications of several containers\n\n"
        f"Options:\n{flag_lines(FLAGS, terminal_width())}\n\n"
        f"Commands:\n{listed}\n\n"
        "Run 'seacan compose COMMAND --help' for more information on a command."
    )
    return 0


def _print_command_help(command: Command, spelling: str) -> int:
    from seacan.cli.usage import command_help, terminal_width

    module = __import__(command.module, fromlist=["run"])
    print(command_help(command, spelling, (*module.FLAGS, _DRY_RUN), terminal_width()), end="")
    return 0
