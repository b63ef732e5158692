"""A volume that is there and empty, filled in two steps, so that it is never half full for good.

    filling/    is copied into; removed by whoever looks the next time
    filled/     is whole; each of its entries goes into the volume by one rename, also the next time

Both are beside the files of a volume of the data root. Where these are on another disk, both are
among them, as `.seacan-filling` and `.seacan-filled`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from seacan.volumes.copying import copy_status

_INSIDE: Final = ".seacan-"
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Filling:
    def __init__(
        self, data: Path, remove_tree: Callable[[Path], None], *, beside: bool = False
    ) -> None:
        """Take the files of the volume, `data`; with `beside`, its parent is nobody else's."""
        parent, prefix = (data.parent, "") if beside else (data, _INSIDE)
        self._data = data
        self._remove_tree = remove_tree
        self._filling = parent / f"{prefix}filling"
        self._filled = parent / f"{prefix}filled"

    def is_wanted(self) -> bool:
        """Tell whether there is nothing in it, once what was begun before is finished."""
        try:
            self.finish()
            with os.scandir(self._data) as entries:
                return next(entries, None) is None
        except FileNotFoundError:
            return False  # removed by hand

    @contextmanager
    def fill(self) -> Iterator[Path]:
        """Yield a directory to be filled; what is in it at the end is in the volume afterwards.

        The volume may be mounted in containers: what they have put there meanwhile stays.
        """
        self._remove_tree(self._filling)
        self._filling.mkdir(mode=0o700)
        try:
            self._filling.chmod(0o755)
            yield self._filling
            os.rename(self._filling, self._filled)
        except BaseException:
            self._remove_tree(self._filling)
            raise
        self.finish()

    def finish(self) -> None:
        """Remove half a copy, and move a whole one into the volume."""
        self._remove_tree(self._filling)
        try:
            source = os.open(self._filled, _DIRECTORY)
        except FileNotFoundError:
            return
        try:
            target = os.open(self._data, _DIRECTORY)
            try:
                for entry in os.listdir(source):
                    _move(entry, source, target)
                copy_status(source, os.fstat(source), target)
            finally:
                os.close(target)
        finally:
            os.close(source)
        self._remove_tree(self._filled)


def _move(name: str, source: int, target: int) -> None:
    try:
        os.stat(name, dir_fd=target, follow_symlinks=False)
    except FileNotFoundError:
        with suppress(FileExistsError, IsADirectoryError, NotADirectoryError):
            os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
