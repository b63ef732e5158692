"""`seacan logs`: what containers have printed, and with --follow what they will print.

Beyond Docker: of several containers, each line behind the name of its container; --grep.
"""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.stream import write_all
from seacan.cli.session import for_all
from seacan.cli.times import timestamp
from seacan.cli.values import SWITCH, TEXT, one
from seacan.client.streams import STDERR, STDOUT, demultiplex
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("details", "", SWITCH, "Show labels and variables kept with the log"),
    Flag("follow", "f", SWITCH, "Go on as more comes"),
    Flag("grep", "", TEXT, "Show only lines with this regular expression in them"),
    Flag("since", "", TEXT, "From then on: 2013-01-02T13:23:37Z, seconds since 1970, or 42m ago"),
    Flag("tail", "n", one("string", "all", str), "Lines from the end", shown='"all"'),
    Flag("timestamps", "t", SWITCH, "Show when each line was printed"),
    Flag("until", "", TEXT, "Up to then, written as for --since"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    if len(arguments) > 1 or values.text("grep"):
        from seacan.cli.output.log_lines import LogLines
        from seacan.cli.parallel import AT_ONCE

        if values.on("follow") and len(arguments) > AT_ONCE:
            raise InvalidArgument(f"--follow of more than {AT_ONCE} containers is not supported")
        lines = LogLines(arguments, values.text("grep"))
        return for_all(arguments, lambda name: lines.show(name, _log(session, values, name)))
    for source, piece in _log(session, values, arguments[0]):
        write_all(2 if source == STDERR else 1, piece)
    return 0


def _log(session: Session, values: Values, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield where a container has printed what, in pieces."""
    containers = session.client.containers
    container = containers.inspect(name)
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
            yield from ((STDOUT, piece) for piece in reply.pieces())
        else:
            yield from demultiplex(reply.pieces())
