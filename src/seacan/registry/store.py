"""The registry's directory: opened by one process, its blobs and its tables.

    ROOT/registry.lock          held by the process that serves it (flock)
    ROOT/registry.db            which repository has what (SQLite, WAL)
    ROOT/blobs/ALGORITHM/HEX    blobs and manifests, whole; named by no repository
    ROOT/ingest/                manifests on their way in; emptied at start
    ROOT/uploads/UUID           blobs on their way in; a row of the database each

A file becomes a blob before a row names it, and a row goes before its file: what a crash leaves
between the two is a file that nobody names, which garbage.py collects.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from seacan.errors import Conflict
from seacan.images.blobs import Blobs
from seacan.registry.database import Database
from seacan.registry.names import ALGORITHMS


class Store:
    """`clock` gives the seconds since 1970.

    `touch_every_s`: when something was touched no longer ago, that is not recorded again, since
    each record waits for the disk.
    """

    def __init__(
        self, root: Path, clock: Callable[[], float] = time.time, *, touch_every_s: float = 0.0
    ) -> None:
        """Open the directory `root`, made if it is not there. Raises Conflict if another has it."""
        _make_private(root)
        self._lock_fd = _lock(root)
        self.root = root
        self.clock = clock
        self.touch_every_s = touch_every_s
        self.uploads = root / "uploads"
        self.uploads.mkdir(exist_ok=True, mode=0o700)
        self.blobs = Blobs(root, ALGORITHMS)
        self.blobs.open()
        if self.blobs.is_new:
            self.blobs.mark_complete()
        self.database = Database(root / "registry.db")
        # Held while a file becomes a blob and is given its row, or loses its last row and goes:
        # a blob that is pushed while it is collected stays.
        self.guard = threading.Lock()

    def close(self) -> None:
        self.database.close()
        os.close(self._lock_fd)


def _make_private(path: Path) -> None:
    """Make a directory for its owner alone, and so those above it that are not there."""
    if not path.exists():
        _make_private(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _lock(root: Path) -> int:
    fd = os.open(root / "registry.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise Conflict(f"open {root}: another registry has it") from None
    return fd
