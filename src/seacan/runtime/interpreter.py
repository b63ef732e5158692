"""A sealed copy of the Python interpreter in memory, to run what enters containers from.

/proc/PID/exe of such a process, opened from inside a container, must not be a file of the host
that could be written to (CVE-2019-5736: for us that file would be the host's python3). A container
reaches it where its command is /proc/self/exe, or by way of a process that joins it.

The launcher is started from it, and what works on the files of a container. elf/first_stage.py
makes the same for `seacan-runtime`, which imports this at its very start to see that it was made:
without even `typing`, which would double the time that takes.
"""

import fcntl
import os
import sys

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def sealed_copy() -> int:
    """Return a descriptor of a memfd with the running interpreter's executable; close-on-exec."""
    source = os.open("/proc/self/exe", os.O_RDONLY | os.O_CLOEXEC)
    try:
        memfd = os.memfd_create("seacan-python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        remaining = os.fstat(source).st_size
        while remaining:
            remaining -= os.sendfile(memfd, source, None, remaining)
        fcntl.fcntl(memfd, fcntl.F_ADD_SEALS, _SEALS)
    finally:
        os.close(source)
    return memfd


def is_sealed() -> bool:
    """Tell whether this process runs from such a copy."""
    executable = os.open("/proc/self/exe", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return fcntl.fcntl(executable, fcntl.F_GET_SEALS) & _SEALS == _SEALS
    except OSError:  # EINVAL: not a memfd
        return False
    finally:
        os.close(executable)


def run_sealed(script: str) -> None:
    """Become a sealed interpreter that runs `script` with the arguments of this process.

    Without site packages and the environment's settings of Python: the script finds its modules.
    """
    # The name stays the interpreter's own, by which it finds its library.
    os.execve(sealed_copy(), [sys.executable, "-IS", script, *sys.argv[1:]], os.environ)
