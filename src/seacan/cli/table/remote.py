"""Commands for daemons of other hosts: contexts, certificates, connections."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

COMMANDS = (
    Command(
        ("context create",),
        "[OPTIONS] CONTEXT",
        "Give a daemon and how it is reached a name",
        least=1,
        most=1,
    ),
    Command(
        ("context export",),
        "CONTEXT [FILE|-]",
        "Write a context, with its keys, as a tar",
        least=1,
        most=2,
    ),
    Command(
        ("context import",),
        "CONTEXT FILE|-",
        "Make a context of what `export` wrote",
        least=2,
        most=2,
    ),
    Command(
        ("context inspect",),
        "[OPTIONS] [CONTEXT] [CONTEXT...]",
        "Show all that is known of contexts, or of the one in use",
        most=UNLIMITED,
    ),
    Command(("context ls", "context list"), "[OPTIONS]", "List contexts"),
    Command(
        ("context rm", "context remove"),
        "[OPTIONS] CONTEXT [CONTEXT...]",
        "Remove contexts, with their keys",
        least=1,
        most=UNLIMITED,
    ),
    Command(("context show",), "", "Print the name of the context in use"),
    Command(
        ("context update",),
        "[OPTIONS] CONTEXT",
        "Change a context",
        least=1,
        most=1,
    ),
    Command(("context use",), "CONTEXT", "Use a context from now on", least=1, most=1),
    Command(
        ("system dial-stdio",),
        "",
        "Join standard input and output to the daemon's socket",
        is_hidden=True,
    ),
    Command(
        ("tls init",),
        "[OPTIONS]",
        "Make certificates for a daemon on tcp and its clients",
    ),
)
