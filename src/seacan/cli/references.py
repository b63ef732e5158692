"""Names of images, as far as a client judges them before it asks.

Source: distribution/reference.
"""

from __future__ import annotations

import re

from seacan.errors import InvalidArgument

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/|\[[0-9a-fA-F:]+\](?::[0-9]+)?/)?{_PART}(?:/{_PART})*"
    r"(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]+)?",
    re.ASCII,
)


def require_reference(name: str) -> None:
    """Raise InvalidArgument, in Docker's words, if `name` cannot be an image's."""
    domain, slash, path = name.partition("/")
    if not slash or not (
        set(domain) & {".", ":"} or domain == "localhost" or domain.lower() != domain
    ):
        path = name if slash else f"library/{name}"
    repository = path.partition("@")[0].partition(":")[0]
    if repository.lower() != repository:
        raise InvalidArgument(
            f"invalid reference format: repository name ({repository}) must be lowercase"
        )
    if not _REFERENCE.fullmatch(name):
        raise InvalidArgument("invalid reference format")
