"""What `pull` and `push` share: the name, the progress, quiet or not."""

from __future__ import annotations

import os

from seacan.cli.credentials import domain_of
from seacan.cli.output.progress import show
from seacan.cli.references import require_reference
from seacan.client.client import messages
from seacan.client.images import split_reference
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.client.transport import Response


def with_registry(name: str) -> str:
    """Return the name with the registry that is meant."""
    if domain_of(name):
        return name
    return f"docker.io/{name}" if "/" in name else f"docker.io/library/{name}"


def whole_name(name: str, values: Values) -> str:
    """Return the name with the tag that is meant; with --all-tags, none."""
    require_reference(name)
    _, tag = split_reference(name)
    if values.on("all-tags"):
        if tag:
            raise InvalidArgument("tag can't be used with --all-tags/-a")
        return name
    if tag:
        return name
    if not values.on("quiet"):
        print("Using default tag: latest", flush=True)
    return f"{name}:latest"


def follow(reply: Response, values: Values) -> None:
    """Show the progress, or nothing with --quiet. Raises Internal if it has failed."""
    quiet = values.on("quiet")
    with reply, open(os.devnull if quiet else 1, "w", closefd=quiet) as output:
        show(messages(reply.pieces()), output)
