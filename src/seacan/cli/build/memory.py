"""What is remembered of a context that was sent: what is as it was is not read, or sent, again.

A file for each context and daemon, below $XDG_CACHE_HOME/seacan/contexts, with the key under which
the daemon keeps the contents, and digests by path. Without it all is read and sent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time

from seacan.files import write_atomic
from seacan.spec import inventory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Inode, times of modification and of change, size; digest; capabilities in base64.
    _Known = list[Any]

_FORMAT = 1
_FORGOTTEN_S = 30 * 86400
_MOST_BYTES = 2 * inventory.LIMIT_BYTES
# A file that was changed so shortly before it was read may change again and look the same.
_UNSURE_NS = 2 * 10**9


class Memory:
    def __init__(self, path: str, key: str, known: dict[str, _Known]) -> None:
        self._path = path
        self.key = key
        self._known = known
        self._seen: dict[str, _Known] = {}
        self._now_ns = time.time_ns()
        self.sent = {entry[4] for entry in known.values()}  # digests of what the daemon has got

    def find(self, name: str, status: os.stat_result) -> tuple[str, str] | None:
        """Return digest and capabilities of a file that has not changed since it was read."""
        known = self._known.get(name)
        if known is None or known[:4] != _stamp(status):
            return None
        self._seen[name] = known
        return str(known[4]), str(known[5])

    def add(self, name: str, status: os.stat_result, digest: str, capability: str) -> None:
        stamp = _stamp(status)
        if max(status.st_mtime_ns, status.st_ctime_ns) > self._now_ns - _UNSURE_NS:
            stamp = [0, 0, 0, 0]
        self._seen[name] = [*stamp, digest, capability]

    def save(self) -> None:
        """Remember what was found and added, in the place of all else; it is no loss if not."""
        if self._seen == self._known:
            return
        text = json.dumps({"Format": _FORMAT, "Key": self.key, "Files": self._seen})
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            if not os.path.exists(self._path):
                _forget_old(os.path.dirname(self._path))
            write_atomic(self._path, text.encode(), sync=False)


def recall(root: str, daemon: str) -> Memory:
    """Return what is remembered of a directory as a context of `daemon`; maybe nothing."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    name = hashlib.sha256(os.fsencode(f"{daemon}\0{root}")).hexdigest()
    path = os.path.join(cache, "seacan", "contexts", f"{name}.json")
    found = _read(path)
    try:
        if found["Format"] == _FORMAT:
            return Memory(path, str(found["Key"]), found["Files"])
    except (KeyError, IndexError, TypeError, AttributeError):
        pass  # nobody's, or of another version: as if there were none
    return Memory(path, os.urandom(inventory.KEY_DIGITS // 2).hex(), {})


def _read(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            # Who else may write there decides what is sent in the place of files.
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return {}
            return json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}


def _forget_old(directory: str) -> None:
    oldest = time.time() - _FORGOTTEN_S
    with os.scandir(directory) as found:
        for entry in found:
            if entry.stat(follow_symlinks=False).st_mtime < oldest:
                os.unlink(entry.path)


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size]
