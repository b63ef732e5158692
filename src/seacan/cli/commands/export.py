"""`seacan export`: the root file system of a container as a tar archive."""

from __future__ import annotations

import os

from seacan.cli.flags import Flag
from seacan.cli.input import open_error
from seacan.cli.output.stream import write_all
from seacan.cli.values import TEXT
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("output", "o", TEXT, "File to write, instead of standard output"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    output = values.text("output")
    if not output and os.isatty(1):
        raise InvalidArgument(
            "cowardly refusing to save to a terminal. Use the -o flag or redirect"
        )
    with session.client.containers.export(arguments[0]) as reply:
        if not output:
            for piece in reply.pieces():
                write_all(1, piece)
            return 0
        # Under its name only when it is whole.
        unfinished = f"{output}.{os.getpid()}.tmp"
        try:
            with open(unfinished, "xb", buffering=0) as file:
                for piece in reply.pieces():
                    write_all(file.fileno(), piece)
            os.rename(unfinished, output)
        except BaseException as err:
            if os.path.exists(unfinished):
                os.unlink(unfinished)
            if isinstance(err, OSError) and err.filename:
                raise open_error(output, err) from err
            raise
    return 0
