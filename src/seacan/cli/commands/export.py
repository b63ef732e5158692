"""`seacan export`: the root file system of a container as a tar archive."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.stream import refuse_terminal, write_pieces
from seacan.cli.values import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("output", "o", TEXT, "File to write, instead of standard output"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    refuse_terminal(values.text("output"))
    with session.client.containers.export(arguments[0]) as reply:
        write_pieces(reply.pieces(), values.text("output"))
    return 0
