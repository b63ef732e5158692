"""`seacan ps`: a line for each container."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.container_fields import (
    CONTAINERS,
    NO_CONTAINER,
    RAW_SIZE,
    container_fields,
)
from seacan.cli.output.rows import fields_alone, record_of, text_of
from seacan.cli.session import complain
from seacan.cli.values import FILTERS, SWITCH, TEXT, one, read_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all", "a", SWITCH, "Show all containers, not only those that run"),
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE"),
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("last", "n", one("int", -1, read_int), "Show the last n containers made", shown="-1"),
    Flag("latest", "l", SWITCH, "Show the last container made"),
    Flag("no-trunc", "", SWITCH, "Print whole ids and commands"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
    Flag("size", "s", SWITCH, "Show how much each has written"),
    Flag("watch", "w", SWITCH, "Show them again every second, until interrupted"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    quiet = values.on("quiet")
    form = values.text("format") or str(session.config.get("psFormat") or "")
    if quiet and values.text("format"):
        complain("WARNING: Ignoring custom format, because both --format and --quiet are set.")
    size = values.on("size") or (_asks_for_size(form) and not values.is_given("size") and not quiet)
    if form == "raw":
        form = "container_id: {{.ID}}" if quiet else CONTAINERS.raw + RAW_SIZE * values.on("size")
    elif quiet:
        form = ""
    if not values.on("watch"):
        print(_picture(session, values, form, size=size), end="")
        return 0
    from seacan.cli.output.watching import show_again_and_again

    return show_again_and_again(lambda: _picture(session, values, form, size=size))


def _picture(session: Session, values: Values, form: str, *, size: bool) -> str:
    """Return what is printed of the containers that there are now."""
    last = values.number("last")
    containers = session.client.containers.list(
        all_states=values.on("all"),
        limit=1 if values.on("latest") and last == -1 else (last if last > 0 else None),
        size=size,
        filters=values.mapping("filter"),
    )
    now, whole = time.time(), values.on("no-trunc")
    rows = [container_fields(container, now=now, whole=whole) for container in containers]
    columns = (*CONTAINERS.columns, *(["Size"] if values.on("size") else []))
    quiet = "ID" if values.on("quiet") else ""
    return text_of(CONTAINERS, rows, form, quiet=quiet, columns=columns, fits=not whole)


def _asks_for_size(form: str) -> bool:
    """Whether a template has use for sizes, which take time. Raises InvalidArgument if it is wrong.

    What is wrong is told before the daemon is asked, and also if there is no container.
    """
    names = fields_alone(form)
    if names is not None and all(name in CONTAINERS.headers for name in names[1::2]):
        return "Size" in names[1::2]
    from seacan.cli.output.templates import render

    template = render.parsed(form, problem="failed to parse template")
    record = record_of(CONTAINERS, container_fields(NO_CONTAINER, now=0))
    return "Size" in render.used_names(template, record, problem="failed to execute template")
