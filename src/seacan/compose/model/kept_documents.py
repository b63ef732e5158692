"""What YAML files came to, kept for the next run in the user's cache.

    ~/.cache/seacan/compose/DIGEST    JSON: a list of [value, paths to reset], one a document

$XDG_CACHE_HOME stands for ~/.cache. The digest is of the text and of the modules that read it, so
that nothing there is ever out of date. An entry is for its user's eyes alone, and one of somebody
else is not believed. Variables and what files of secrets have are not in it. Whatever is wrong with
the directory: the file is read then.
"""

from __future__ import annotations

import os

from seacan import json_text
from seacan.compose.model.sha256 import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIMIT_BYTES = 1024 * 1024  # beyond that, reading JSON takes its time, too
LIMIT_ENTRIES = 64
_READERS = ("yaml_reader.py", "scalars.py")


def find(text: bytes) -> list[Any] | None:
    """Return what was kept of `text`, or None."""
    try:
        fd = os.open(_path(text), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            if os.fstat(fd).st_uid != os.geteuid():
                return None
            kept: list[Any] = json_text.loads(file.read(LIMIT_BYTES + 1))
    except (OSError, ValueError):
        return None
    return kept


def keep(text: bytes, documents: list[Any]) -> None:
    """Keep `documents`, each a value and paths, for `find`."""
    from seacan.files import write_atomic

    data = json_text.dumps(documents).encode("utf-8", "surrogatepass")
    if len(data) > LIMIT_BYTES:
        return
    try:
        path = _path(text)
        directory = os.path.dirname(path)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        _make_room(directory)
        write_atomic(path, data, sync=False)
    except OSError:
        return


def _path(text: bytes) -> str:
    """Return the file for `text`. Raises FileNotFoundError if there is no place for it."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(cache):
        raise FileNotFoundError(cache)
    own = os.path.dirname(__file__)
    ages = [os.stat(os.path.join(own, reader)).st_mtime_ns for reader in _READERS]
    return os.path.join(cache, "seacan", "compose", sha256_hex(f"{ages} ".encode() + text))


def _make_room(directory: str) -> None:
    """Remove the oldest entries, if there are too many."""
    with os.scandir(directory) as entries:
        by_age = sorted(entries, key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
    for entry in by_age[LIMIT_ENTRIES - 1 :]:
        os.unlink(entry.path)
