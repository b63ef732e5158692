"""Bytes as they are, to a descriptor that need not be ready, or to a file that is to be whole."""

from __future__ import annotations

import os
import select

from seacan.cli.input import open_error
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def refuse_terminal(output: str) -> None:
    """Raise InvalidArgument if an archive would go to a terminal, `output` being no file."""
    if not output and os.isatty(1):
        raise InvalidArgument(
            "cowardly refusing to save to a terminal. Use the -o flag or redirect"
        )


def write_pieces(pieces: Iterable[bytes], output: str) -> None:
    """Write to the file `output`, which has its name only when it is whole; to stdout for ""."""
    if not output:
        for piece in pieces:
            write_all(1, piece)
        return
    unfinished = f"{output}.{os.getpid()}.tmp"
    try:
        with open(unfinished, "xb", buffering=0) as file:
            for piece in pieces:
                write_all(file.fileno(), piece)
        os.rename(unfinished, output)
    except BaseException as err:
        if os.path.exists(unfinished):
            os.unlink(unfinished)
        if isinstance(err, OSError) and err.filename:
            raise open_error(output, err) from err
        raise


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, also where another process has made the descriptor non-blocking."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(fd, select.POLLOUT)
            poll.poll()
