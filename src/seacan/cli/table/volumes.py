"""Commands for volumes."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

COMMANDS = (
    Command(
        ("volume clone",),
        "VOLUME NEW_NAME",
        "Make a volume with all that another one has",
        least=2,
        most=2,
    ),
    Command(
        ("volume create",),
        "[OPTIONS] [VOLUME]",
        "Make a volume",
        most=1,
    ),
    Command(
        ("volume export",),
        "[OPTIONS] VOLUME",
        "Write all that is in a volume as a tar",
        least=1,
        most=1,
    ),
    Command(
        ("volume import",),
        "[OPTIONS] VOLUME file|-",
        "Make a volume of a tar",
        least=2,
        most=2,
    ),
    Command(
        ("volume inspect",),
        "[OPTIONS] VOLUME [VOLUME...]",
        "Show all that is known of volumes",
        least=1,
        most=UNLIMITED,
    ),
    Command(("volume ls", "volume list"), "[OPTIONS]", "List volumes"),
    Command(("volume prune",), "[OPTIONS]", "Remove the volumes that no container has"),
    Command(
        ("volume rename",),
        "VOLUME NEW_NAME",
        "Give a volume that no container has another name",
        least=2,
        most=2,
    ),
    Command(
        ("volume rm", "volume remove"),
        "[OPTIONS] VOLUME [VOLUME...]",
        "Remove volumes, with all that is in them",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("volume update",),
        "[OPTIONS] VOLUME",
        "Change a volume of a cluster; there is none without a swarm",
        least=1,
        most=1,
    ),
)
