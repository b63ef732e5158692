"""Commands for builds."""

from __future__ import annotations

from seacan.cli.command import Command

COMMANDS = (
    Command(
        ("build", "image build", "builder build"),
        "[OPTIONS] PATH | URL | -",
        "Build an image of a Dockerfile",
        least=1,
        most=1,
    ),
    Command(("builder prune",), "[OPTIONS]", "Forget what builds left for the next"),
)
