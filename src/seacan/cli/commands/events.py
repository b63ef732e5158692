"""`seacan events`: what happens in the daemon, a line each, as it happens."""

from __future__ import annotations

import sys
import time

from seacan.cli.flags import Flag
from seacan.cli.output.event_lines import event_line
from seacan.cli.output.template import require_json
from seacan.cli.times import timestamp
from seacan.cli.values import FILTERS, TEXT
from seacan.client.client import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE"),
    Flag("format", "", TEXT, "How to print it: json, or a line for people"),
    Flag("since", "", TEXT, "From then on: 2013-01-02T13:23:37Z, seconds since 1970, or 42m ago"),
    Flag("until", "", TEXT, "Up to then, written as for --since"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_json(values.text("format"))
    as_json = values.text("format") == "json"
    now = time.time()
    reply = session.client.system.events(
        since=timestamp(values.text("since"), "since", now=now),
        until=timestamp(values.text("until"), "until", now=now),
        filters=values.mapping("filter"),
    )
    with reply:
        for event in messages(reply.pieces()):
            sys.stdout.write(f"{event_line(event, as_json=as_json)}\n")
            sys.stdout.flush()
    return 0
