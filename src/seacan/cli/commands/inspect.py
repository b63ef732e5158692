"""`seacan inspect`: all that the daemon knows of containers and images, as JSON."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.template import require_json
from seacan.cli.session import complain
from seacan.cli.values import SWITCH, TEXT, go_quote
from seacan.errors import InvalidArgument, NotFound, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FORMAT = Flag("format", "f", TEXT, "How to print it: json, on one line")
SIZE = Flag("size", "s", SWITCH, "Show how much a container has written")

FLAGS = (FORMAT, SIZE, Flag("type", "", TEXT, "Look for a container or an image alone"))

_TYPES = ("container", "image")


def run(session: Session, values: Values, arguments: list[str]) -> int:
    """Print the container of each name, or else the image."""
    kind = values.text("type")
    if values.is_given("type") and kind not in _TYPES:
        listed = '", "'.join(_TYPES)
        raise InvalidArgument(f'unknown type: {go_quote(kind)}: must be one of "{listed}"')
    client = session.client
    size = values.on("size")

    def find(name: str) -> dict[str, Any]:
        if kind != "image":
            try:
                return client.containers.inspect(name, size=size)
            except NotFound:
                if kind:
                    raise
        try:
            return client.images.inspect(name)
        except (NotFound, InvalidArgument):
            if kind:
                raise
            raise NotFound(f"Error: No such object: {name}") from None

    return print_found(arguments, find, values.text("format"))


def print_found(names: list[str], find: Callable[[str], dict[str, Any]], template: str) -> int:
    """Print what `find` knows of each name as one JSON list; 1 if one is missing, else 0.

    The others are printed all the same.
    """
    import json

    require_json(template)
    found, problems = [], []
    for name in names:
        try:
            found.append(find(name))
        except SeacanError as err:
            problems.append(str(err))
    style = {"separators": (",", ":")} if template else {"indent": 4}
    print(json.dumps(found, ensure_ascii=False, **style))
    for problem in problems:
        complain(problem)
    return 1 if problems else 0
