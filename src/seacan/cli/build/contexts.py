"""--build-context: more contexts by name, and the whole that is sent."""

from __future__ import annotations

import os

from seacan.cli.build import directory
from seacan.cli.build.files import Files, Tree
from seacan.errors import InvalidArgument, Unsupported
from seacan.records import replace
from seacan.spec import dockerignore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.build.sources import Source

_DIRECTORY = ".seacan-context"
_REPOSITORIES = ("git@", "github.com/")  # places without a scheme that are no directories


def with_contexts(source: Source, contexts: dict[str, str]) -> tuple[Source, dict[str, str]]:
    """Return what is sent, with the directories among the contexts; and where each is then.

    A directory travels in one of the main context's, which the daemon takes out of that.
    Raises InvalidArgument, Unsupported.
    """
    places = dict(contexts)
    added: list[Tree] = []
    for number, (name, place) in enumerate(contexts.items()):
        if "://" not in place and not place.startswith(_REPOSITORIES):
            inside = f"{_DIRECTORY}-{number}"
            places[name] = f"sent://{inside}"
            added.append(_tree(inside, name, place))
    if not added:
        return source, places
    if source.files is None:
        raise Unsupported("not supported: a directory as --build-context beside this context")
    files = Files((*source.files.trees, *added), source.files.texts)
    return replace(source, files=files), places


def _tree(inside: str, name: str, place: str) -> Tree:
    root = os.path.realpath(place)
    if not os.path.isdir(root):
        raise InvalidArgument(f'failed to get build context {name}: path "{place}" not found')
    _, rules = directory.read_ignore_file(root, "")
    return Tree(root, dockerignore.parse(rules), inside)
