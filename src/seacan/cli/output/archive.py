"""An archive that comes, written to a file or to standard output."""

from __future__ import annotations

import os

from seacan.cli.flags import Flag
from seacan.cli.input import open_error
from seacan.cli.output.meter import Meter
from seacan.cli.output.stream import write_all
from seacan.cli.values import TEXT
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from typing import Protocol

    class Reply(Protocol):
        def pieces(self) -> Iterable[bytes]: ...


OUTPUT = Flag("output", "o", TEXT, "File to write, instead of standard output")


def write_archive(output: str, ask: Callable[[], AbstractContextManager[Reply]]) -> None:
    """Write the reply that `ask` gets to the file `output`, or to standard output for "".

    Raises InvalidArgument if that is a terminal, or the file cannot be written.
    """
    if not output and os.isatty(1):
        raise InvalidArgument(
            "cowardly refusing to save to a terminal. Use the -o flag or redirect"
        )
    with ask() as reply:
        if not output:
            for piece in reply.pieces():
                write_all(1, piece)
            return
        # Under its name only when it is whole.
        unfinished = f"{output}.{os.getpid()}.tmp"
        try:
            with open(unfinished, "xb", buffering=0) as file:
                meter = Meter(f"Writing {output} - ", is_silent=False)
                for piece in meter.counted(reply.pieces()):
                    write_all(file.fileno(), piece)
                meter.erase()
            os.rename(unfinished, output)
        except BaseException as err:
            if os.path.exists(unfinished):
                os.unlink(unfinished)
            if isinstance(err, OSError) and err.filename:
                raise open_error(output, err) from err
            raise
