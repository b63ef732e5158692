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
        ("attach",), "[OPTIONS] SERVICE", "Join the terminal to a service", least=1, most=1
    ),
    ComposeCommand(("build",), _SERVICES, "Build the images of services", most=UNLIMITED),
    ComposeCommand(
        ("commit",),
        "[OPTIONS] SERVICE [REPOSITORY[:TAG]]",
        "Make an image of what a service's container changed",
        least=1,
        most=2,
    ),
    ComposeCommand(
        ("config", "convert"), _SERVICES, "Print the application in canonical form", most=UNLIMITED
    ),
    ComposeCommand(
        ("cp",),
        "[OPTIONS] SERVICE:SRC_PATH DEST_PATH|-  |  SRC_PATH|- SERVICE:DEST_PATH",
        "Copy files from a service, or into one",
        least=2,
        most=2,
    ),
    ComposeCommand(("create",), _SERVICES, "Make containers for services", most=UNLIMITED),
    ComposeCommand(("down",), _SERVICES, "Stop and remove containers, networks", most=UNLIMITED),
    ComposeCommand(("events",), _SERVICES, "Show what happens to containers", most=UNLIMITED),
    ComposeCommand(
        ("exec",),
        "[OPTIONS] SERVICE COMMAND [ARGS...]",
        "Run a command in a container that runs",
        least=2,
        most=UNLIMITED,
        runs_another=True,
    ),
    ComposeCommand(
        ("export",), "[OPTIONS] SERVICE", "Write the files of a service to a tar", least=1, most=1
    ),
    ComposeCommand(("images",), _SERVICES, "List images of containers", most=UNLIMITED),
    ComposeCommand(("kill",), _SERVICES, "Send a signal to services", most=UNLIMITED),
    ComposeCommand(("logs",), _SERVICES, "Show what containers print", most=UNLIMITED),
    ComposeCommand(("ls",), "[OPTIONS]", "List projects"),
    ComposeCommand(("pause",), "[SERVICE...]", "Freeze services", most=UNLIMITED),
    ComposeCommand(
        ("port",),
        "[OPTIONS] SERVICE PRIVATE_PORT",
        "Print where a port is published",
        least=2,
        most=2,
    ),
    ComposeCommand(("ps",), _SERVICES, "List containers", most=UNLIMITED),
    ComposeCommand(
        ("publish",),
        "[OPTIONS] REPOSITORY[:TAG]",
        "Put the application into a registry",
        least=1,
        most=1,
    ),
    ComposeCommand(("pull",), _SERVICES, "Pull images of services", most=UNLIMITED),
    ComposeCommand(("push",), _SERVICES, "Push images of services", most=UNLIMITED),
    ComposeCommand(("restart",), _SERVICES, "Restart services", most=UNLIMITED),
    ComposeCommand(("rm",), _SERVICES, "Remove containers that do not run", most=UNLIMITED),
    ComposeCommand(
        ("run",),
        "[OPTIONS] SERVICE [COMMAND] [ARGS...]",
        "Run a command in a container of its own",
        least=1,
        most=UNLIMITED,
        runs_another=True,
    ),
    ComposeCommand(
        ("scale",), "[SERVICE=REPLICAS...]", "Change the number of containers", most=UNLIMITED
    ),
    ComposeCommand(("start",), _SERVICES, "Start services", most=UNLIMITED),
    ComposeCommand(("stats",), _SERVICES, "Show what services use", most=UNLIMITED),
    ComposeCommand(("stop",), _SERVICES, "Stop services", most=UNLIMITED),
    ComposeCommand(("top",), "[SERVICES...]", "Show the processes of services", most=UNLIMITED),
    ComposeCommand(("unpause",), "[SERVICE...]", "Let frozen services go on", most=UNLIMITED),
    ComposeCommand(("up",), _SERVICES, "Make and start containers", most=UNLIMITED),
    ComposeCommand(("version",), "[OPTIONS]", "Show the version of compose"),
    ComposeCommand(("volumes",), _SERVICES, "List volumes", most=UNLIMITED),
    ComposeCommand(
        ("wait",),
        "SERVICE [SERVICE...] [OPTIONS]",
        "Wait until services have ended",
        least=1,
        most=UNLIMITED,
    ),
    ComposeCommand(
        ("watch",), _SERVICES, "Renew containers as source code changes", most=UNLIMITED
    ),
)

BY_NAME = {name: command for command in COMMANDS for name in command.names}
