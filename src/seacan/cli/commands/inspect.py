"""`seacan inspect`: all that is known of containers, images, networks and volumes, as JSON."""

from __future__ import annotations

from contextlib import suppress

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

FLAGS = (FORMAT, SIZE, Flag("type", "", TEXT, "What to look for: container, image, …"))

_TYPES = ("container", "image", "network", "volume")


def run(session: Session, values: Values, arguments: list[str]) -> int:
    """Print the container of each name, or else the image, or else the network, or the volume."""
    kind = values.text("type")
    if values.is_given("type") and kind not in _TYPES:
        listed = '", "'.join(_TYPES)
        raise InvalidArgument(f'unknown type: {go_quote(kind)}: must be one of "{listed}"')
    client = session.client
    size = values.on("size")

    finders: dict[str, Callable[[str], dict[str, Any]]] = {
        "container": lambda name: client.containers.inspect(name, size=size),
        "image": client.images.inspect,
        "network": client.networks.inspect,
        "volume": client.volumes.inspect,
    }

    def find(name: str) -> dict[str, Any]:
        if kind:
            return finders[kind](name)
        for find_one in finders.values():
            with suppress(NotFound, InvalidArgument):
                return find_one(name)
        raise NotFound(f"Error: No such object: {name}")

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
