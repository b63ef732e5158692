"""A sealed copy of the Python interpreter in memory, to run what enters containers from.

/proc/PID/exe of such a process, opened from inside a container, must not be a file of the host
that could be written to (CVE-2019-5736: for us that file would be the host's python3).
"""

import fcntl
import os
import sys
from typing import Final

_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def sealed_copy() -> int:
    """Return a descriptor of a memfd with the running interpreter's executable; close-on-exec."""
    source = os.open(os.path.realpath(sys.executable), os.O_RDONLY | os.O_CLOEXEC)
    try:
        memfd = os.memfd_create("seacan-python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        remaining = os.fstat(source).st_size
        while remaining:
            remaining -= os.sendfile(memfd, source, None, remaining)
        fcntl.fcntl(memfd, fcntl.F_ADD_SEALS, _SEALS)
    finally:
        os.close(source)
    return memfd
