"""Commands for images in the store."""

from __future__ import annotations

from seacan.cli.command import UNLIMITED, Command

COMMANDS = (
    Command(
        ("history", "image history"),
        "[OPTIONS] IMAGE",
        "Show the steps that an image was made in",
        least=1,
        most=1,
    ),
    Command(
        ("image inspect",),
        "[OPTIONS] IMAGE [IMAGE...]",
        "Show all that is known of images",
        least=1,
        most=UNLIMITED,
    ),
    Command(("image prune",), "[OPTIONS]", "Remove images that nobody needs"),
    Command(
        ("images", "image ls", "image list"),
        "[OPTIONS] [REPOSITORY[:TAG]]",
        "List images",
        most=1,
    ),
    Command(
        ("import", "image import"),
        "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
        "Make an image of a root file system's tar",
        least=1,
        most=2,
    ),
    Command(("load", "image load"), "[OPTIONS]", "Load images from an archive of `save` or of OCI"),
    Command(
        ("rmi", "image rm", "image remove"),
        "[OPTIONS] IMAGE [IMAGE...]",
        "Remove images",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("save", "image save"),
        "[OPTIONS] IMAGE [IMAGE...]",
        "Write images as an archive that `load` can read",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("tag", "image tag"),
        "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        "Give an image one more name",
        least=2,
        most=2,
    ),
)
