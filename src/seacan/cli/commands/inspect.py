"""`seacan inspect`: all that is known of containers, images, networks and volumes, as JSON."""

from __future__ import annotations

from contextlib import suppress

from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.values import SWITCH, TEXT, go_quote
from seacan.errors import InvalidArgument, NotFound, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FORMAT = Flag("format", "f", TEXT, "json, on one line, or a Go template")
SIZE = Flag("size", "s", SWITCH, "Show how much a container has written")

FLAGS = (FORMAT, SIZE, Flag("type", "", TEXT, "What to look for: container, image, …"))

_TYPES = ("container", "image", "network", "volume")
_STRUCTS = {
    "container": "container.InspectResponse",
    "image": "image.InspectResponse",
    "network": "network.Inspect",
    "volume": "volume.Volume",
    "context": "context.contextWithTLSListing",
}
# Kinds of which Docker does not look at the JSON if the struct fails.
_ALONE = ("volume", "context")


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

    def find(name: str) -> tuple[str, dict[str, Any]]:
        if kind:
            return kind, finders[kind](name)
        for one, find_one in finders.items():
            with suppress(NotFound, InvalidArgument):
                return one, find_one(name)
        raise NotFound(f"Error: No such object: {name}")

    return print_found(arguments, find, values.text("format"))


def print_kind(
    kind: str, names: list[str], find: Callable[[str], dict[str, Any]], form: str
) -> int:
    """Print what `find` knows of each name, all of them a `kind`; see print_found."""
    return print_found(names, lambda name: (kind, find(name)), form)


def print_found(
    names: list[str], find: Callable[[str], tuple[str, dict[str, Any]]], form: str
) -> int:
    """Print what `find` knows of each name, with its kind; 1 if one is missing, else 0.

    The others are printed all the same: as one JSON list, or by the template `form` a line each.
    """
    show = _json_of(form) if form in ("", "json") else _by_template(form)
    shown, problems = [], []
    for name in names:
        try:
            shown.append(show(*find(name)))
        except SeacanError as err:
            problems.append(str(err))
    print(_listed(shown, form) if form in ("", "json") else "\n".join(shown))
    for problem in problems:
        complain(problem)
    return 1 if problems else 0


def _json_of(form: str) -> Callable[[str, dict[str, Any]], str]:
    import json

    style = {"separators": (",", ":")} if form else {"indent": 4}
    return lambda _, wire: json.dumps(wire, ensure_ascii=False, **style)


def _listed(texts: list[str], form: str) -> str:
    if form or not texts:
        return f"[{','.join(texts)}]"
    lines = ",\n".join(texts).split("\n")
    return "\n".join(["[", *(f"    {line}" for line in lines), "]"])


def _by_template(form: str) -> Callable[[str, dict[str, Any]], str]:
    from seacan.cli.output.templates import render
    from seacan.cli.output.templates.structs import struct

    template = render.parsed_or_exit(form)
    return lambda kind, wire: render.inspected(
        template, struct(_STRUCTS[kind], wire), is_struct_alone=kind in _ALONE
    )
