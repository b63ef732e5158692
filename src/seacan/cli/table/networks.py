"""Commands for networks."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

COMMANDS = (
    Command(
        ("network connect",),
        "[OPTIONS] NETWORK CONTAINER",
        "Connect a container to a network",
        least=2,
        most=2,
    ),
    Command(
        ("network create",),
        "[OPTIONS] NETWORK",
        "Make a network",
        least=1,
        most=1,
    ),
    Command(
        ("network disconnect",),
        "[OPTIONS] NETWORK CONTAINER",
        "Take a container out of a network",
        least=2,
        most=2,
    ),
    Command(
        ("network inspect",),
        "[OPTIONS] NETWORK [NETWORK...]",
        "Show all that is known of networks",
        least=1,
        most=UNLIMITED,
    ),
    Command(("network ls", "network list"), "[OPTIONS]", "List networks"),
    Command(
        ("network prune",),
        "[OPTIONS]",
        "Remove all networks that no container runs in",
    ),
    Command(
        ("network rm", "network remove"),
        "NETWORK [NETWORK...]",
        "Remove networks",
        least=1,
        most=UNLIMITED,
    ),
)
