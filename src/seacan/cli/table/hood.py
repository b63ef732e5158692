"""Commands that look at this host itself: what holds a process, and limits for any."""

from __future__ import annotations

from seacan.cli.command import Command

COMMANDS = (
    Command(
        ("explain",),
        "[OPTIONS] CONTAINER|PID",
        "Show what holds a container or any process: namespaces, cgroups, mounts and more",
        least=1,
        most=1,
    ),
)
