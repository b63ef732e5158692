"""The command for applications of several containers; its own commands are in cli/compose."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

COMMANDS = (
    Command(
        ("compose",),
        "[OPTIONS] COMMAND",
        "Define and run applications of several containers",
        most=UNLIMITED,
        runs_another=True,
    ),
)
