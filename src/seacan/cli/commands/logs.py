"""`seacan logs`: what a container has printed, and with --follow what it will print."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.stream import write_all
from seacan.cli.times import timestamp
from seacan.cli.values import SWITCH, TEXT, one
from seacan.client.streams import STDERR, demultiplex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("details", "", SWITCH, "Show labels and variables kept with the log"),
    Flag("follow", "f", SWITCH, "Go on as more comes"),
    Flag("since", "", TEXT, "From then on: 2013-01-02T13:23:37Z, seconds since 1970, or 42m ago"),
    Flag("tail", "n", one("string", "all", str), "Lines from the end", shown='"all"'),
    Flag("timestamps", "t", SWITCH, "Show when each line was printed"),
    Flag("until", "", TEXT, "Up to then, written as for --since"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    containers = session.client.containers
    container = containers.inspect(arguments[0])
    now = time.time()
    reply = containers.logs(
        container["Id"],
        follow=values.on("follow"),
        timestamps=values.on("timestamps"),
        details=values.on("details"),
        since=timestamp(values.text("since"), "since", now=now),
        until=timestamp(values.text("until"), "until", now=now),
        tail=values.text("tail"),
    )
    with reply:
        if container["Config"]["Tty"]:
            for piece in reply.pieces():
                write_all(1, piece)
        else:
            for source, piece in demultiplex(reply.pieces()):
                write_all(2 if source == STDERR else 1, piece)
    return 0
