"""`seacan ps`: a line for each container."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.container_fields import HEADERS, container_fields
from seacan.cli.output.rows import print_rows
from seacan.cli.output.template import require_json
from seacan.cli.values import FILTERS, SWITCH, TEXT, one, read_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all", "a", SWITCH, "Show all containers, not only those that run"),
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE"),
    Flag("format", "", TEXT, "How to print it: table or json"),
    Flag("last", "n", one("int", -1, read_int), "Show the last n containers made", shown="-1"),
    Flag("latest", "l", SWITCH, "Show the last container made"),
    Flag("no-trunc", "", SWITCH, "Print whole ids and commands"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
    Flag("size", "s", SWITCH, "Show how much each has written"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_json(values.text("format"), "table")
    last = values.number("last")
    containers = session.client.containers.list(
        all_states=values.on("all"),
        limit=1 if values.on("latest") and last == -1 else (last if last > 0 else None),
        size=values.on("size"),
        filters=values.mapping("filter"),
    )
    now, whole = time.time(), values.on("no-trunc")
    rows = [container_fields(container, now=now, whole=whole) for container in containers]
    columns = [name for name in HEADERS if name != "Size" or values.on("size")]
    print_rows(rows, {name: HEADERS[name] for name in columns}, values)
    return 0
