"""The record of one start: what each process on its way had done, and when.

    daemon ─▶ shim ─▶ its starter ─▶ init       each gets the descriptor of one memfd, and writes
                                                a line there for each step that it has taken

All of them read CLOCK_MONOTONIC, which processes share. Who is not traced has -1 for a descriptor
and pays a comparison for each step. The memfd is close-on-exec: no container gets to see it.
"""

from __future__ import annotations

import os
import time

from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

NOT_TRACED: Final = -1
_LIMIT_BYTES: Final = 1 << 20


@record
class Mark:
    """`at_ns` is of CLOCK_MONOTONIC; `what` is done by then."""

    at_ns: int
    who: str
    what: str


def begin() -> int:
    """Return a descriptor to mark steps on, which its owner closes."""
    return os.memfd_create("seacan-trace", os.MFD_CLOEXEC)


def mark(fd: int, who: str, what: str) -> None:
    """Note down that `what` is done now, if it is traced."""
    if fd >= 0:
        # Copies of one descriptor share its position: lines follow one another whoever writes.
        os.write(fd, f"{time.monotonic_ns()} {who} {what}\n".encode(errors="backslashreplace"))


def read(fd: int) -> list[Mark]:
    """Return what was marked so far, in the order of time."""
    marks = []
    for line in os.pread(fd, _LIMIT_BYTES, 0).decode(errors="replace").splitlines():
        at_ns, who, what = line.split(" ", 2)
        marks.append(Mark(int(at_ns), who, what))
    return sorted(marks, key=lambda mark: mark.at_ns)
