"""--build-context: more contexts by name, and the whole that is sent."""

from __future__ import annotations

import os
from itertools import chain

from seacan.cli.build import archive, directory
from seacan.errors import InvalidArgument, Unsupported
from seacan.records import replace
from seacan.spec import dockerignore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seacan.cli.build.sources import Source

_DIRECTORY = ".seacan-context"
_REPOSITORIES = ("git@", "github.com/")  # places without a scheme that are no directories


def with_contexts(source: Source, contexts: dict[str, str]) -> tuple[Source, dict[str, str]]:
    """Return what is sent, with the directories among the contexts; and where each is then.

    A directory travels in one of the main context's, which the daemon takes out of that.
    Raises InvalidArgument, Unsupported.
    """
    places = dict(contexts)
    added: list[Iterator[bytes]] = []
    for number, (name, place) in enumerate(contexts.items()):
        if "://" not in place and not place.startswith(_REPOSITORIES):
            inside = f"{_DIRECTORY}-{number}"
            places[name] = f"sent://{inside}"
            added.append(_below(inside, name, place))
    if source.is_whole:
        if added:
            raise Unsupported("not supported: a directory as --build-context beside this context")
        return source, places
    return replace(source, pieces=chain(source.pieces, *added, [archive.END])), places


def _below(inside: str, name: str, place: str) -> Iterator[bytes]:
    root = os.path.realpath(place)
    if not os.path.isdir(root):
        raise InvalidArgument(f'failed to get build context {name}: path "{place}" not found')
    _, rules = directory.read_ignore_file(root, "")
    return archive.below(inside, root, directory.files(root, dockerignore.parse(rules)))
