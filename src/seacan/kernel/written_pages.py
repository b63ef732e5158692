"""Which pages of memory a forked process writes to, for the next one to have them copied ahead.

A process shares its pages with the one that forked it until either writes. Each first write is then
a fault, of 2 to 3 us: of an interpreter that starts a container, there are some hundred. The next
one to do the same work will write to the same pages, and while it waits for its work it can have
them copied, in few calls.
"""

import contextlib
import mmap
import os
import re
from array import array
from collections.abc import Iterator
from typing import Final

from seacan.kernel import this_process

_EXCLUSIVE: Final = 1 << 56  # Documentation/admin-guide/mm/pagemap.rst: nobody else maps the page
_WRITTEN: Final = re.compile(rb"\x01+")


class WrittenPages:
    """The pages written to by one kind of process, all forked from the one that makes this.

    They share it: what one notes, those forked before and after it know.
    """

    def __init__(self) -> None:
        """Take the memory as it is now; what a process gets later is shared with nobody."""
        self._areas = list(_writable_areas())
        self._is_written = mmap.mmap(-1, sum(map(len, self._areas)))  # shared; a byte for a page

    def note(self, pid: int) -> None:
        """Note what the process `pid` has for itself; once is enough, and later calls are void.

        Where the kernel does not tell, nothing is noted: who starts containers goes on without.
        """
        if _WRITTEN.search(self._is_written):
            return
        with contextlib.suppress(OSError):
            noted = self._exclusive_to(pid)
            self._is_written[: len(noted)] = noted

    def _exclusive_to(self, pid: int) -> bytes:
        """Return a byte for each page: 1 if nobody else maps it. Raises OSError."""
        found = bytearray()
        with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
            for area in self._areas:
                entries = array("Q")
                size, start = len(area) * entries.itemsize, area.start * entries.itemsize
                entries.frombytes(os.pread(pagemap.fileno(), size, start))
                found += bytes(bool(entry & _EXCLUSIVE) for entry in entries)
        return bytes(found)

    def copy(self) -> None:
        """Have those noted copied now; what the kernel refuses is copied when it is written to."""
        with contextlib.suppress(OSError):  # Linux before 5.14
            for pages in self._noted():
                this_process.populate(pages.start * mmap.PAGESIZE, len(pages) * mmap.PAGESIZE)

    def _noted(self) -> Iterator[range]:
        position = 0
        for area in self._areas:
            for run in _WRITTEN.finditer(self._is_written, position, position + len(area)):
                yield area[run.start() - position : run.end() - position]
            position += len(area)


def _writable_areas() -> Iterator[range]:
    """Yield the numbers of the pages that are this process's own to write to. Source: proc(5)."""
    with open("/proc/self/maps") as file:
        for line in file:
            addresses, permissions, *_ = line.split(maxsplit=2)
            if permissions == "rw-p":
                start, end = (int(address, 16) for address in addresses.split("-"))
                yield range(start // mmap.PAGESIZE, end // mmap.PAGESIZE)
