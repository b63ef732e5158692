"""The command line of `seacan-runtime`: runc's, by the rules of Go's package flag that runc has.

    seacan-runtime [GLOBAL FLAGS] COMMAND [FLAGS] [ARGUMENTS]

One dash and two are the same; a value follows `=` or is the next word; a switch takes a value by
`=` alone; `--` ends the flags. Flags may follow arguments, but for exec and ps, where all behind
the id belongs to the process. What runc knows and this runtime does not do is in the tables of
flags.py too, so that it is refused by name. Not argparse: its import takes as long as the rest.
Source: runc(8) and its pages by command; Go, package flag.
"""

from __future__ import annotations

from types import SimpleNamespace

from seacan.errors import InvalidArgument
from seacan.runtime.flags import COMMANDS, GLOBAL, Command, Flag, Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

Options = SimpleNamespace  # by the flags' names, with `_` for `-`; and `command`, `arguments`

TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")


class UnknownCommand(InvalidArgument):
    """There is no such command."""


def defaults() -> Options:
    """Return what no arguments amount to: the global flags, and no command."""
    return _with_defaults(Options(command="", arguments=[], help=False), GLOBAL)


def parse_global(options: Options, argv: list[str]) -> list[str]:
    """Set in `options` what stands before the command; return the words behind it.

    With `help` set there was no command, or help was asked for. Raises InvalidArgument; what was
    understood before the mistake is set.
    """
    words = _parse_flags(options, GLOBAL, list(argv), stops=True)
    if options.version or options.help:
        return []
    if not words or words[0] in ("help", "h"):
        options.help = True
        options.command = words[1] if len(words) > 1 else ""
    else:
        options.command = words[0]
    if options.command and options.command not in COMMANDS:
        raise UnknownCommand(f"no such command: {options.command!r}; see seacan-runtime --help")
    return words[1:]


def parse_command(options: Options, words: list[str]) -> None:
    """Set in `options` what the flags and arguments of the command say. Raises InvalidArgument."""
    command = COMMANDS[options.command]
    _with_defaults(options, command.flags)
    options.arguments = _parse_flags(options, command.flags, words, stops=command.passes_on)
    if not options.help:
        _check_count(options.command, command, len(options.arguments))


def _with_defaults(options: Options, flags: tuple[Flag, ...]) -> Options:
    for flag in flags:
        setattr(options, flag.attribute, [] if flag.kind == Kind.LIST else flag.default)
    return options


def _parse_flags(
    options: Options, flags: tuple[Flag, ...], words: list[str], *, stops: bool
) -> list[str]:
    """Set what `words` say; return the arguments. `stops`: at the first of them."""
    by_name = {name: flag for flag in flags for name in flag.names}
    arguments: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--":
            break
        if len(word) > 1 and word.startswith("-"):
            _parse_flag(options, by_name, word, words)
        else:
            arguments.append(word)
            if stops:
                break
    return arguments + words


def _parse_flag(
    options: Options, by_name: dict[str, Flag], word: str, following: list[str]
) -> None:
    name, has_value, value = word[2 if word.startswith("--") else 1 :].partition("=")
    if name in ("help", "h"):
        options.help = True
        return
    flag = by_name.get(name)
    if flag is None:
        raise InvalidArgument(f"unknown flag: {word.partition('=')[0]}")
    if not has_value:
        if flag.kind == Kind.SWITCH:
            value = "true"
        elif following:
            value = following.pop(0)
        else:
            raise InvalidArgument(f"flag needs a value: {word}")
    read = _read(flag, value)
    if flag.kind == Kind.LIST:
        getattr(options, flag.attribute).append(read)
    else:
        setattr(options, flag.attribute, read)


def _read(flag: Flag, text: str) -> object:
    match flag.kind:
        case Kind.SWITCH if text in TRUE + FALSE:
            return text in TRUE
        case Kind.INTEGER:
            try:
                return int(text, 0)
            except ValueError:
                pass
        case Kind.CHOICE if text in flag.choices:
            return text
        case Kind.TEXT | Kind.LIST:
            return text
    raise InvalidArgument(f"invalid value {text!r} for flag --{flag.name}")


def _check_count(name: str, command: Command, count: int) -> None:
    least, most = command.counts
    if count < least or (most is not None and count > most):
        wanted = command.arguments or "no arguments"
        raise InvalidArgument(f"{name}: {wanted} expected, {count} argument(s) given")


def usage(name: str) -> str:
    """Return the help for a command, or for the whole."""
    if name:
        command = COMMANDS[name]
        lines = [f"usage: seacan-runtime {name} [flags] {command.arguments}".rstrip(), ""]
        return "\n".join([*lines, command.summary, *_describe(command.flags)])
    width = max(map(len, COMMANDS))
    return "\n".join(
        [
            "usage: seacan-runtime [global flags] COMMAND [flags] [arguments]",
            "",
            "OCI runtime: containers of bundles, with the command line of runc.",
            "",
            "commands:",
            *(f"  {name.ljust(width)}  {entry.summary}" for name, entry in COMMANDS.items()),
            *_describe(GLOBAL),
        ]
    )


def _describe(flags: tuple[Flag, ...]) -> list[str]:
    if not flags:
        return []
    heads = [
        ", ".join(f"--{name}" if len(name) > 1 else f"-{name}" for name in flag.names)
        + ("" if flag.kind == Kind.SWITCH else f" {flag.value_name}")
        for flag in flags
    ]
    width = max(map(len, heads))
    rows = (f"  {head.ljust(width)}  {flag.help}" for head, flag in zip(heads, flags, strict=True))
    return ["", "flags:", *(row.rstrip() for row in rows)]
