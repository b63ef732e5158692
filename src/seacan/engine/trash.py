"""Directories to be removed while nobody waits for it.

They are renamed into one directory, which frees their names at once. What a killed daemon left in
there, the next one removes.
"""

import itertools
from pathlib import Path
from typing import Final

import anyio

from seacan import log
from seacan.images.trees import remove_tree

_PAUSE_S: Final = 0.1


class Trash:
    def __init__(self, directory: Path) -> None:
        """`directory` exists, on the file system of all that is put into it."""
        self._directory = directory
        taken = (int(path.name) for path in directory.iterdir())
        self._numbers = itertools.count(max(taken, default=0) + 1)
        self._has_some = True

    def put(self, path: Path) -> None:
        """Take the directory `path` from its place; it need not exist. Any thread may call it."""
        try:
            path.rename(self._directory / str(next(self._numbers)))
        except FileNotFoundError:
            return
        self._has_some = True

    async def keep_empty(self) -> None:
        """Remove what is put in there, a moment later: who is told of an end goes on first."""
        try:
            while True:
                await anyio.sleep(_PAUSE_S)
                if self._has_some:
                    await anyio.to_thread.run_sync(self._empty)
        finally:
            self._empty()

    def _empty(self) -> None:
        self._has_some = False
        for path in self._directory.iterdir():
            try:
                remove_tree(path)
            except OSError as err:  # the next daemon tries again
                log.error("remove what is of no use any more", path=path, error=err)
