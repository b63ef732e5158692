"""Commands that look at this host itself: what holds a process, and limits for any."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

COMMANDS = (
    Command(
        ("explain",),
        "[OPTIONS] CONTAINER|PID",
        "Show what holds a container or any process: namespaces, cgroups, mounts and more",
        least=1,
        most=1,
    ),
    Command(
        ("limit",),
        "[OPTIONS] PID",
        "Limit a running process; `limit ls` lists, `limit rm` ends that",
        least=1,
        most=1,
    ),
    Command(("limit ls",), "[OPTIONS]", "List the processes that are limited"),
    Command(
        ("limit rm",),
        "[OPTIONS] PID [PID...]",
        "Put processes back to where they were before",
        least=1,
        most=UNLIMITED,
    ),
)
