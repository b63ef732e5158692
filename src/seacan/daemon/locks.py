"""The locks of a daemon's roots: whoever holds one is alone in the root."""

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path


def lock(root: Path, held: ExitStack) -> bool:
    """Lock `root` until `held` ends; False if another process has it."""
    fd = os.open(root / "seacand.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    held.callback(os.close, fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
