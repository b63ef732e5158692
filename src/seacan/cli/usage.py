"""Help texts, laid out as Docker's: flags in columns, descriptions wrapped to the terminal."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seacan.cli.command import Command, Group
    from seacan.cli.flags import Flag

_WITHOUT_TERMINAL = 80
_TOO_NARROW = 24
_SLOP = 5
_BLOCK_INDENT = 16


def terminal_width() -> int:
    """Return the columns of the terminal on standard input, else 80."""
    try:
        return os.get_terminal_size(0).columns or _WITHOUT_TERMINAL
    except OSError:
        return _WITHOUT_TERMINAL


def command_help(command: Command, spelling: str, flags: Sequence[Flag], width: int) -> str:
    """Return what `seacan COMMAND --help` prints."""
    sections = [f"Usage:  {command.usage_line(spelling)}", command.summary]
    if len(command.names) > 1:
        spellings = ", ".join(f"seacan {name}" for name in command.spellings)
        sections.append(f"Aliases:\n  {spellings}")
    if flags:
        sections.append("Options:\n" + flag_lines(flags, width))
    return "\n\n".join(sections) + "\n"


def group_help(group: Group, commands: Iterable[tuple[str, str]]) -> str:
    """Return what `seacan container` prints; `commands` are names and summaries."""
    return (
        f"Usage:  seacan {group.name} COMMAND\n\n{group.summary}\n\n"
        f"Commands:\n{_columns(commands)}\n\n"
        f"Run 'seacan {group.name} COMMAND --help' for more information on a command.\n"
    )


def main_help(
    common: Iterable[tuple[str, str]],
    groups: Iterable[tuple[str, str]],
    others: Iterable[tuple[str, str]],
    flags: Sequence[Flag],
    width: int,
) -> str:
    """Return what `seacan --help` prints; each of the first three: names and summaries."""
    return (
        "Usage:  seacan [OPTIONS] COMMAND\n\n"
        "Containers, whole, in Python: Docker's commands, API and images\n\n"
        f"Common Commands:\n{_columns(common)}\n\n"
        f"Management Commands:\n{_columns(groups)}\n\n"
        f"Commands:\n{_columns(others)}\n\n"
        f"Global Options:\n{flag_lines(flags, width)}\n\n"
        "Run 'seacan COMMAND --help' for more information on a command.\n"
    )


def _columns(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"  {name:<11} {summary}" for name, summary in rows)


def flag_lines(flags: Iterable[Flag], width: int) -> str:
    """Return a line or more for each flag, by name, no longer than `width` - 1 columns."""
    shown = sorted((flag for flag in flags if not flag.deprecated), key=lambda flag: flag.name)
    heads = [_flag_head(flag) for flag in shown]
    column = max(map(len, heads)) + 3
    lines = []
    for flag, head in zip(shown, heads, strict=True):
        summary = flag.summary + (f" (default {flag.shown})" if flag.shown else "")
        lines.append(head.ljust(column) + wrap(summary, column, width - 1))
    return "\n".join(lines)


def _flag_head(flag: Flag) -> str:
    short = f"  -{flag.short}, " if flag.short else "      "
    return f"{short}--{flag.name} {flag.kind.word}".rstrip()


def wrap(text: str, indent: int, width: int) -> str:
    """Return `text` broken at blanks into lines of `width` columns, from the second on indented.

    A line may end up to five columns early, and the last word may use these instead of standing
    alone: so pflag does it. Line breaks in `text` stay.
    """
    start = ""
    if width - indent < _TOO_NARROW:
        indent = _BLOCK_INDENT
        start = "\n" + " " * indent
    room = width - indent - _SLOP
    if room < _TOO_NARROW - _SLOP:
        return text
    lines = []
    for paragraph in text.split("\n"):
        rest = paragraph
        while len(rest) > room + _SLOP - 1 and (blank := rest.rfind(" ", 0, room)) > 0:
            lines.append(rest[:blank])
            rest = rest[blank + 1 :]
        lines.append(rest)
    return start + ("\n" + " " * indent).join(lines)
