"""Commands for registries, and images on their way from and to them."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

COMMANDS = (
    Command(
        ("login",),
        "[OPTIONS] [SERVER]",
        "Show a registry who you are",
        most=1,
    ),
    Command(("logout",), "[SERVER]", "Forget who you are to a registry", most=1),
    Command(
        ("manifest annotate",),
        "[OPTIONS] LIST MANIFEST",
        "Say what an image of a list is for",
        least=2,
        most=2,
    ),
    Command(
        ("manifest create",),
        "[OPTIONS] LIST MANIFEST [MANIFEST...]",
        "Begin a list of images that are in a registry",
        least=2,
        most=UNLIMITED,
    ),
    Command(
        ("manifest inspect",),
        "[OPTIONS] [LIST] MANIFEST",
        "Show a list that was begun here, an image of it, or what a registry has",
        least=1,
        most=2,
    ),
    Command(
        ("manifest push",),
        "[OPTIONS] LIST",
        "Put a list into its registry",
        least=1,
        most=1,
    ),
    Command(
        ("manifest rm",),
        "LIST [LIST...]",
        "Forget lists that were begun here",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("pull", "image pull"),
        "[OPTIONS] NAME[:TAG|@DIGEST]",
        "Fetch an image from a registry",
        least=1,
        most=1,
    ),
    Command(
        ("push", "image push"),
        "[OPTIONS] NAME[:TAG]",
        "Send an image to a registry",
        least=1,
        most=1,
    ),
    Command(("registry serve",), "[OPTIONS]", "Serve a directory as a registry"),
    Command(("registry verify",), "[OPTIONS]", "Read all of a registry, and say what is wrong"),
    Command(
        ("search",),
        "[OPTIONS] TERM",
        "Look for images in a registry",
        least=1,
        most=1,
    ),
)
