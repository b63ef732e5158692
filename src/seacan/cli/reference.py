"""The reference of the command line, of the tables that it is read by.

    python -m seacan.cli.reference markdown     docs/cli.md
    python -m seacan.cli.reference man          docs/seacan.1, which wheels have, too

A test compares the files with the tables; `make reference` writes them anew.
"""

from __future__ import annotations

import sys

from seacan.cli.compose import table as compose_table
from seacan.cli.global_flags import GLOBAL_FLAGS
from seacan.cli.table.table import COMMANDS
from seacan.client.version import CLIENT_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from seacan.cli.command import Command
    from seacan.cli.flags import Flag

_SUMMARY = "containers, whole, in Python: Docker's commands, API and images"
_ENVIRONMENT = (
    ("DOCKER_HOST", "where the daemon is, as --host says it"),
    ("DOCKER_CONTEXT", "the context to use, if neither --host nor DOCKER_HOST is given"),
    ("DOCKER_TLS, DOCKER_TLS_VERIFY", "set to anything, the same as --tls and --tlsverify"),
    ("DOCKER_CERT_PATH", "the directory of ca.pem, cert.pem and key.pem"),
    ("DOCKER_API_VERSION", "the version of the API to speak"),
    ("DOCKER_CONFIG", "the directory of config.json and of contexts, instead of ~/.docker"),
)


class Section:
    """One command; `also`: other names of it."""

    def __init__(
        self,
        name: str,
        arguments: str,
        summary: str,
        flags: Iterable[Flag],
        also: Iterable[str] = (),
    ) -> None:
        self.name = f"seacan {name}"
        self.usage = f"seacan {name} {arguments}".rstrip()
        self.also = [f"seacan {other}" for other in also]
        self.summary = summary
        shown = (flag for flag in flags if not flag.deprecated)
        self.flags = sorted(shown, key=lambda flag: flag.name)


def sections() -> list[Section]:
    """Return all commands, by name."""
    found = [_section(command) for command in COMMANDS if not command.is_hidden]
    found += [_section(command, "compose ") for command in compose_table.COMMANDS]
    return sorted(found, key=lambda section: section.name)


def _section(command: Command, prefix: str = "") -> Section:
    module = __import__(command.module, fromlist=["FLAGS"])
    name, *also = (prefix + name for name in command.names)
    return Section(name, command.arguments, command.summary, module.FLAGS, also)


def markdown() -> str:
    """Return docs/cli.md."""
    lines = [
        "# The command line",
        "",
        "Written by `make reference` from the tables that commands are read by; not to be edited.",
        "`seacan COMMAND --help` says the same.",
        "",
        "    seacan [OPTIONS] COMMAND",
        "",
        *_table(GLOBAL_FLAGS),
        "",
        "| environment | |",
        "|---|---|",
        *(f"| `{name.replace(', ', '`, `')}` | {text} |" for name, text in _ENVIRONMENT),
    ]
    for section in sections():
        lines += ["", f"## {section.name}", "", f"    {section.usage}", "", f"{section.summary}."]
        if section.also:
            lines += ["", "Also " + ", ".join(f"`{name}`" for name in section.also) + "."]
        if section.flags:
            lines += ["", *_table(section.flags)]
    return "\n".join(lines) + "\n"


def _table(flags: Sequence[Flag]) -> Iterator[str]:
    yield "| flag | |"
    yield "|---|---|"
    for flag in flags:
        text = _text(flag).replace("|", "\\|").replace("<", "&lt;")
        yield f"| `{_spelled(flag)}` | {text} |"


def _spelled(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else ""
    return f"{short}--{flag.name} {flag.kind.word}".rstrip()


def _text(flag: Flag) -> str:
    return flag.summary + (f" (default {flag.shown})" if flag.shown else "")


def man() -> str:
    """Return the manual page, in the macros of man(7)."""
    lines = [
        f'.TH SEACAN 1 "" "seacan {CLIENT_VERSION}" "User Commands"',
        ".SH NAME",
        f"seacan \\- {_escaped(_SUMMARY)}",
        ".SH SYNOPSIS",
        ".B seacan",
        "[OPTIONS] COMMAND",
        ".SH OPTIONS",
        *_paragraphs(GLOBAL_FLAGS),
        ".SH COMMANDS",
    ]
    for section in sections():
        lines += [f'.SS "{_escaped(section.usage)}"', _escaped(section.summary) + "."]
        if section.also:
            lines += [".br", "Also " + _escaped(", ".join(section.also)) + "."]
        lines += _paragraphs(section.flags)
    lines.append(".SH ENVIRONMENT")
    for name, text in _ENVIRONMENT:
        lines += [".TP", f".B {_escaped(name)}", _escaped(text)]
    return "\n".join(lines) + "\n"


def _paragraphs(flags: Sequence[Flag]) -> Iterator[str]:
    for flag in flags:
        yield from (".TP", f".B {_escaped(_spelled(flag))}", _escaped(_text(flag)))


def _escaped(text: str) -> str:
    """Return `text` as it is to be read: no macro, no escape, no hyphen that may be broken at."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    text = text.replace("…", "...").replace("'", "\\(aq")
    return f"\\&{text}" if text.startswith(".") else text


if __name__ == "__main__":
    print({"markdown": markdown, "man": man}[sys.argv[1]](), end="")
