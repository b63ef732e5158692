"""Directories to be removed while nobody waits for it.

They are renamed into one directory, which frees their names at once. What a killed daemon left in
there, the next one removes.
"""

import asyncio
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
        self._loop: asyncio.AbstractEventLoop | None = None  # of who keeps it empty
        self._news = anyio.Event()

    def put(self, path: Path) -> None:
        """Take the directory `path` from its place; it need not exist. Any thread may call it."""
        try:
            path.rename(self._directory / str(next(self._numbers)))
        except FileNotFoundError:
            return
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._news.set()

    async def keep_empty(self) -> None:
        """Remove what is put in there, a moment later: who is told of an end goes on first."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                await anyio.sleep(_PAUSE_S)
                self._news = anyio.Event()
                await anyio.to_thread.run_sync(self._empty)
                await self._news.wait()
        finally:
            self._loop = None
            self._empty()

    def _empty(self) -> None:
        for path in self._directory.iterdir():
            try:
                remove_tree(path)
            except OSError as err:  # the next daemon tries again
                log.error("remove what is of no use any more", path=path, error=err)
