"""An upper directory of overlayfs as a layer: its archive, and itself made to say the same.

Layers have whole seconds, so files get those; and with SOURCE_DATE_EPOCH nothing is newer than it.
"""

import os
import stat
from typing import Final

from seacan.contents.differences import write_entry
from seacan.contents.sending import Archive
from seacan.contents.walk import Entry, Walk

_NANOSECONDS: Final = 10**9


def write_layer(upper_fd: int, out_fd: int, latest_s: int | None) -> int:
    """Write the archive to `out_fd`; return the size of the files, as Docker counts it."""
    archive = Archive(out_fd, keeps_holes=True)
    size_bytes = write_entries(upper_fd, archive, latest_s)
    archive.end()
    return size_bytes


def write_entries(upper_fd: int, archive: Archive, latest_s: int | None) -> int:
    """Write all that is in an upper directory; return the size of the files."""
    size_bytes = 0
    counted = set()  # files with several links
    for entry in Walk(upper_fd):
        status = _settle_time(entry, latest_s)
        write_entry(Entry(entry.path, entry.fd, status), archive)
        if stat.S_ISLNK(status.st_mode) or stat.S_ISREG(status.st_mode):
            if status.st_nlink > 1:
                if status.st_ino in counted:
                    continue
                counted.add(status.st_ino)
            size_bytes += status.st_size
    return size_bytes


def settled_ns(mtime_ns: int, latest_s: int | None) -> int:
    """Return the time that a file of a layer gets for its own."""
    seconds = mtime_ns // _NANOSECONDS
    return (seconds if latest_s is None else min(seconds, latest_s)) * _NANOSECONDS


def _settle_time(entry: Entry, latest_s: int | None) -> os.stat_result:
    """Have a file the time that its archive will say; return its status then."""
    time_ns = settled_ns(entry.status.st_mtime_ns, latest_s)
    if time_ns == entry.status.st_mtime_ns:
        return entry.status
    os.utime(f"/proc/self/fd/{entry.fd}", ns=(time_ns, time_ns))
    return os.fstat(entry.fd)
