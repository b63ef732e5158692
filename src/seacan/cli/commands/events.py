"""`seacan events`: what happens in the daemon, a line each, as it happens."""

from __future__ import annotations

import sys
import time

from seacan.cli.flags import Flag
from seacan.cli.output.event_lines import event_line, json_line
from seacan.cli.session import Exit
from seacan.cli.times import timestamp
from seacan.cli.values import FILTERS, TEXT
from seacan.client.client import messages
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

_PROBLEM = "Error parsing format"
FLAGS = (
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE"),
    Flag("format", "", TEXT, "json, or a Go template"),
    Flag("since", "", TEXT, "From then on: 2013-01-02T13:23:37Z, seconds since 1970, or 42m ago"),
    Flag("until", "", TEXT, "Up to then, written as for --since"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    line_of = _lines(values.text("format"))
    now = time.time()
    reply = session.client.system.events(
        since=timestamp(values.text("since"), "", now=now),
        until=timestamp(values.text("until"), "", now=now),
        filters=values.mapping("filter"),
    )
    with reply:
        for event in messages(reply.pieces()):
            actor = event.get("Actor") or {}
            actor["Attributes"] = dict(sorted((actor.get("Attributes") or {}).items()))
            sys.stdout.write(f"{line_of(event)}\n")
            sys.stdout.flush()
    return 0


def _lines(form: str) -> Callable[[dict[str, Any]], str]:
    """Return what makes a line of an event. Raises Exit for a template that does not do for one."""
    if form in ("", "json"):
        return json_line if form else event_line
    from seacan.cli.output.templates import render
    from seacan.cli.output.templates.structs import struct

    template = render.parsed_or_exit(form, problem=_PROBLEM)
    nothing = struct("events.Message", {}, type_name="*events.Message")
    try:
        render.text(template, nothing)
    except InvalidArgument as err:
        raise Exit(64, f"{_PROBLEM}: {err}") from None
    return lambda event: render.text(template, struct("events.Message", event))
