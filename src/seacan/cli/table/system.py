"""Commands for the daemon as a whole."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

COMMANDS = (
    Command(
        ("completion",),
        "bash|fish|powershell|zsh",
        "Print the script that makes a shell complete the words of seacan",
        least=1,
        most=1,
    ),
    Command(("events", "system events"), "[OPTIONS]", "Show what happens, as it happens"),
    Command(("info", "system info"), "[OPTIONS]", "Show what the daemon is"),
    Command(
        ("inspect",),
        "[OPTIONS] NAME|ID [NAME|ID...]",
        "Show all that is known of containers, images, networks and volumes",
        least=1,
        most=UNLIMITED,
    ),
    Command(("system check",), "[OPTIONS]", "Read the store of images, and tell what is wrong"),
    Command(("system df",), "[OPTIONS]", "Show what takes up how much of the disk"),
    Command(("system install",), "[OPTIONS]", "Write units for systemd, a service and its socket"),
    Command(("system prune",), "[OPTIONS]", "Remove all that nobody needs"),
    Command(("version",), "[OPTIONS]", "Show the versions of client and daemon"),
)
