"""All commands and groups, and how they are found."""

from __future__ import annotations

from seacan.cli.command import Group
from seacan.cli.table import (
    builds,
    compose,
    containers,
    hood,
    images,
    networks,
    registries,
    remote,
    system,
    volumes,
)

GROUPS = (
    Group("builder", "Manage builds"),
    Group("container", "Manage containers"),
    Group("context", "Manage names of daemons and how they are reached"),
    Group("image", "Manage images"),
    Group("manifest", "Manage lists of images, one for each platform"),
    Group("network", "Manage networks"),
    Group("registry", "Serve images to others"),
    Group("system", "Manage the daemon"),
    Group("tls", "Make the certificates of a daemon on tcp"),
    Group("volume", "Manage volumes"),
)

COMMANDS = (
    *containers.COMMANDS,
    *images.COMMANDS,
    *builds.COMMANDS,
    *registries.COMMANDS,
    *networks.COMMANDS,
    *volumes.COMMANDS,
    *system.COMMANDS,
    *compose.COMMANDS,
    *hood.COMMANDS,
    *remote.COMMANDS,
)

# What the help shows first, in this order.
COMMON = (
    "run",
    "exec",
    "ps",
    "build",
    "pull",
    "push",
    "images",
    "login",
    "logout",
    "search",
    "version",
    "info",
)

BY_SPELLING = {name: command for command in COMMANDS for name in command.names}
GROUPS_BY_NAME = {group.name: group for group in GROUPS}


def in_group(name: str) -> list[tuple[str, str]]:
    """Return second words and summaries of a group's commands; a synonym is not repeated."""
    rows = []
    for command in COMMANDS:
        spelled = next((n for n in command.names if n.startswith(f"{name} ")), None)
        if spelled and not command.is_hidden:
            rows.append((spelled.partition(" ")[2], command.summary))
    return sorted(rows)
