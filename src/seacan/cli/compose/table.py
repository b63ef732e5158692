"""All commands of compose. Source of names and flags: docker compose 2.40."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

_SERVICES = "[OPTIONS] [SERVICE...]"


class ComposeCommand(Command):
    """A command whose module is in seacan.cli.compose.commands."""

    @property
    def module(self) -> str:
        return f"seacan.cli.compose.commands.{self.names[0]}"

    def usage_line(self, spelling: str = "") -> str:
        return f"seacan compose {spelling or self.names[0]} {self.arguments}".rstrip()


COMMANDS = (
    ComposeCommand(
        ("config", "convert"), _SERVICES, "Print the application in canonical form", most=UNLIMITED
    ),
    ComposeCommand(("create",), _SERVICES, "Make containers for services", most=UNLIMITED),
    ComposeCommand(("down",), _SERVICES, "Stop and remove containers, networks", most=UNLIMITED),
    ComposeCommand(("logs",), _SERVICES, "Show what containers print", most=UNLIMITED),
    ComposeCommand(("ps",), _SERVICES, "List containers", most=UNLIMITED),
    ComposeCommand(("start",), _SERVICES, "Start services", most=UNLIMITED),
    ComposeCommand(("stop",), _SERVICES, "Stop services", most=UNLIMITED),
    ComposeCommand(("up",), _SERVICES, "Make and start containers", most=UNLIMITED),
)

BY_NAME = {name: command for command in COMMANDS for name in command.names}
