"""`seacan`: from the words of a command line to an exit code."""

from __future__ import annotations

import os
import sys

from seacan.cli import flags as flag_parser
from seacan.cli.command import UNLIMITED, Command
from seacan.cli.flags import FlagError, HelpAsked, UnknownFlag
from seacan.cli.global_flags import GLOBAL_FLAGS, session_of
from seacan.cli.session import Exit, complain
from seacan.cli.table.table import (
    BY_SPELLING,
    COMMANDS,
    COMMON,
    GROUPS,
    GROUPS_BY_NAME,
    in_group,
)
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import NoReturn

    from seacan.cli.session import Session

USAGE_CODE = 125
INTERRUPTED_CODE = 130

# What shells call, as cobra has it, and whether they show descriptions.
_COMPLETION = {"__complete": True, "__completeNoDesc": False}


def main() -> NoReturn:
    """Run the command line of this process, and end the process with its exit code."""
    _prepare_streams()
    words = sys.argv[1:]
    if "docker-" in sys.argv[0]:
        words = _words_of_plugin(words)
    code = _run_to_exit_code(words)
    # Taking the interpreter apart in good order takes longer than a request.
    os._exit(code)


def _words_of_plugin(words: list[str]) -> list[str]:
    """Return the words of a command line that docker gave its plugin, without the plugin's name."""
    from seacan.cli import plugins

    if os.path.basename(sys.argv[0]) != plugins.OWN_NAME:
        return words
    if words[:1] == [plugins.METADATA_COMMAND]:
        plugins.print_metadata()
        sys.stdout.flush()
        os._exit(0)
    name = plugins.OWN_NAME.removeprefix("docker-")
    at = words.index(name) if name in words else len(words)
    return words[:at] + words[at + 1 :]


def _run_to_exit_code(words: Sequence[str]) -> int:
    try:
        code = run(words)
        sys.stdout.flush()
        return code
    except Exit as end:
        if end.text:
            complain(end.text)
        return end.code
    except KeyboardInterrupt:
        return INTERRUPTED_CODE
    except BrokenPipeError:
        return _end_by_broken_pipe()
    except OSError as err:
        # Standard output may be the file that failed (a full disk): no word to it any more.
        print(f"seacan: {err.strerror or err}", file=sys.stderr, flush=True)
        return 1


def _prepare_streams() -> None:
    """Put /dev/null where a standard descriptor is closed, or a socket would take its number.

    Text goes out in UTF-8, names that are none as the bytes they came as.
    """
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = open(fd, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)


def run(words: Sequence[str]) -> int:
    """Run one command line; return its exit code. Raises Exit for all that ends it early."""
    if words and words[0] in _COMPLETION:
        from seacan.cli.completion import answer

        return answer.run(words[1:], with_descriptions=_COMPLETION[words[0]])
    try:
        values, rest = flag_parser.parse(GLOBAL_FLAGS, words, stop_at_argument=True)
    except HelpAsked:
        return _print_main_help()
    except FlagError as err:
        raise _usage_error(
            _flag_error(err), "seacan [OPTIONS] COMMAND [ARG...]", "seacan"
        ) from None
    if values.on("version"):
        from seacan.client.version import CLIENT_VERSION

        print(f"seacan version {CLIENT_VERSION}")
        return 0
    if not rest:
        return _print_main_help()
    try:
        session = session_of(values)
        try:
            return _run_command(session, rest)
        finally:
            session.close()
    except SeacanError as err:
        if values.on("debug"):
            raise
        raise Exit(1, str(err)) from None


def _run_command(session: Session, words: list[str]) -> int:
    if words[0] == "help":
        words = _asking_for_help(words[1:])
    spelling, rest = _find(words)
    if spelling is None and words[0] not in GROUPS_BY_NAME:
        from seacan.cli import unknown

        words = unknown.alias(session, words) or words
        spelling, rest = _find(words)
        if spelling is None:
            unknown.run_plugin(session, words)
            unknown.refuse(words[0])
    if spelling is None:
        return _run_group(words)
    command = BY_SPELLING[spelling]
    module = __import__(command.module, fromlist=["run"])
    try:
        values, arguments = flag_parser.parse(
            module.FLAGS, rest, stop_at_argument=command.runs_another
        )
    except HelpAsked:
        from seacan.cli.usage import command_help, terminal_width

        print(command_help(command, spelling, module.FLAGS, terminal_width()), end="")
        return 0
    except FlagError as err:
        name = f"seacan {spelling}"
        raise _usage_error(_flag_error(err), command.usage_line(spelling), name) from None
    for warning in values.warnings:
        complain(warning)
    _check_count(command, spelling, len(arguments))
    code: int = module.run(session, values, arguments)
    return code


def _asking_for_help(topic: list[str]) -> list[str]:
    """Return the words that ask for help on a topic.

    What follows a command would be arguments to it, and `help` run it; compose has commands.
    """
    spelling, rest = _find(topic)
    if rest and spelling not in (None, "compose"):
        raise Exit(1, f"unknown help topic: {' '.join(topic)}")
    return [*topic, "--help"]


def _find(words: list[str]) -> tuple[str | None, list[str]]:
    for length in (2, 1):
        spelling = " ".join(words[:length])
        if len(words) >= length and spelling in BY_SPELLING:
            return spelling, words[length:]
    return None, words


def _run_group(words: list[str]) -> int:
    group = GROUPS_BY_NAME.get(words[0])
    if group is None:
        if words[0] == "--help":
            return _print_main_help()
        raise _unknown("seacan", words[0], [name.partition(" ")[0] for name in BY_SPELLING])
    second = words[1] if len(words) > 1 else "--help"
    if second in ("--help", "-h"):
        from seacan.cli.usage import group_help

        print(group_help(group, in_group(group.name)), end="")
        return 0
    known = [name for name, _ in in_group(group.name)]
    usage = f"Usage:  seacan {group.name} COMMAND\n\n"
    raise _unknown(f"seacan {group.name}", second, known, usage)


def _unknown(before: str, word: str, known: Iterable[str], usage: str = "") -> Exit:
    from seacan.cli.unknown import likely

    near = likely(word, set(known))
    hint = f"Did you mean '{before} {near}'?\n\n" if near else ""
    text = f"seacan: unknown command: {before} {word}\n\n{hint}{usage}"
    return Exit(1, f"{text}Run '{before} --help' for more information")


def _flag_error(err: FlagError) -> str:
    """Return what is wrong, with the flag that is likely meant."""
    if not isinstance(err, UnknownFlag):
        return str(err)
    from seacan.cli.unknown import likely

    near = likely(err.name, err.known)
    return f"{err}\n\nDid you mean '--{near}'?" if near else str(err)


def _check_count(command: Command, spelling: str, count: int) -> None:
    """Raise Exit, in Docker's words, if a command gets too few or too many arguments."""
    least, most = command.least, command.most
    if least <= count <= most:
        return
    if most == 0:
        wanted = "accepts no arguments"
    elif least == most:
        wanted = f"requires {least} {_plural(least)}"
    elif most == UNLIMITED:
        wanted = f"requires at least {least} {_plural(least)}"
    elif least == 0:
        wanted = f"requires at most {most} {_plural(most)}"
    else:
        wanted = f"requires at least {least} and at most {most} {_plural(most)}"
    name = f"seacan {spelling}"
    text = f"seacan: '{name}' {wanted}"
    raise _usage_error(text, command.usage_line(spelling), name, code=1)


def _plural(count: int) -> str:
    return "argument" if count == 1 else "arguments"


def _usage_error(text: str, usage: str, name: str, code: int = USAGE_CODE) -> Exit:
    return Exit(code, f"{text}\n\nUsage:  {usage}\n\nRun '{name} --help' for more information")


def _print_main_help() -> int:
    from seacan.cli.usage import main_help, terminal_width

    tops = [(c.names[0], c.summary) for c in COMMANDS if " " not in c.names[0]]
    text = main_help(
        [(name, BY_SPELLING[name].summary) for name in COMMON],
        [(group.name, group.summary) for group in GROUPS],
        sorted((name, summary) for name, summary in tops if name not in COMMON),
        GLOBAL_FLAGS,
        terminal_width(),
    )
    print(text, end="")
    return 0


def _end_by_broken_pipe() -> int:
    """End as a program does whose reader is gone (`seacan logs … | head -1`): by SIGPIPE."""
    import signal

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    return 128 + signal.SIGPIPE


if __name__ == "__main__":
    main()
