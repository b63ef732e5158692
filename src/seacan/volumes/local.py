"""Volumes as directories: DATA_ROOT/volumes/NAME/_data.

While a volume is being made or removed it is `.NAME`: whether it stays is decided by its row, so a
daemon that died meanwhile finds out by looking there (`settle`).

A volume that is there and empty is filled in two steps, so that it is never half full for good:

    NAME/filling/    is copied into; removed by the next daemon
    NAME/filled/     is whole; each of its entries goes into _data by one rename, also by the next

Where something is mounted at _data, both are in there, as `.seacan-filling` and `.seacan-filled`,
and finished when it is mounted the next time to be filled.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from seacan.volumes.copying import copy_status

DATA: Final = "_data"
_FILLING: Final = "filling"
_FILLED: Final = "filled"
_INSIDE: Final = ".seacan-"
_UNDECIDED: Final = "."
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class LocalVolumes:
    """Blocks. `remove_tree` removes a directory that strangers filled; it may be gone already."""

    def __init__(self, root: Path, remove_tree: Callable[[Path], None]) -> None:
        self._root = root
        self._remove_tree = remove_tree

    def data(self, name: str) -> Path:
        """Return the directory that is mounted."""
        return self._root / name / DATA

    # -- made and removed -------------------------------------------------------------------------

    def begin(self, name: str) -> Path:
        """Make a volume, undecided; return its directory, to be filled. Raises OSError."""
        directory = self._undecided(name)
        self._remove_tree(directory)  # one whose removal failed in the middle
        directory.mkdir(mode=0o711)
        data = directory / DATA
        data.mkdir()
        data.chmod(0o755)
        return data

    def suspend(self, name: str) -> None:
        """Make a volume undecided, before its row goes."""
        self._rename(self._root / name, self._undecided(name))

    def keep(self, name: str) -> None:
        """Decide for an undecided volume."""
        self._rename(self._undecided(name), self._root / name)

    def discard(self, name: str) -> None:
        """Decide against an undecided volume. Raises OSError."""
        self._remove_tree(self._undecided(name))

    def settle(self, known: Collection[str]) -> None:
        """Finish what a daemon that died left in the middle; `known` are the volumes with a row."""
        for path in list(self._root.iterdir()):
            if path.name.startswith(_UNDECIDED):
                name = path.name.removeprefix(_UNDECIDED)
                (self.keep if name in known else self.discard)(name)
        for name in known:
            self._finish(name, self._root / name)

    def _undecided(self, name: str) -> Path:
        return self._root / f"{_UNDECIDED}{name}"

    def _rename(self, path: Path, to: Path) -> None:
        with suppress(FileNotFoundError):  # decided already, or removed by hand
            os.rename(path, to)

    # -- filled -----------------------------------------------------------------------------------

    def is_empty(self, name: str) -> bool:
        """Tell whether there is nothing in it, once what was begun before is finished."""
        data = self.data(name)
        try:
            self._finish(name, data, _INSIDE)
            with os.scandir(data) as entries:
                return next(entries, None) is None
        except FileNotFoundError:
            return False  # removed by hand

    @contextmanager
    def filling(self, name: str, *, is_mounted: bool = False) -> Iterator[Path]:
        """Yield a directory to be filled; what is in it at the end is in the volume afterwards.

        The volume may be mounted in containers: what they have put there meanwhile stays. If
        something `is_mounted` at it, that may be on another disk.
        """
        parent = self.data(name) if is_mounted else self._root / name
        prefix = _INSIDE if is_mounted else ""
        filling = parent / f"{prefix}{_FILLING}"
        self._remove_tree(filling)
        filling.mkdir(mode=0o700)
        try:
            filling.chmod(0o755)
            yield filling
            os.rename(filling, parent / f"{prefix}{_FILLED}")
        except BaseException:
            self._remove_tree(filling)
            raise
        self._finish(name, parent, prefix)

    def _finish(self, name: str, parent: Path, prefix: str = "") -> None:
        """Remove half a copy, and move a whole one into the volume."""
        self._remove_tree(parent / f"{prefix}{_FILLING}")
        filled = parent / f"{prefix}{_FILLED}"
        try:
            source = os.open(filled, _DIRECTORY)
        except FileNotFoundError:
            return
        try:
            target = os.open(self.data(name), _DIRECTORY)
            try:
                for entry in os.listdir(source):
                    _move(entry, source, target)
                copy_status(source, os.fstat(source), target)
            finally:
                os.close(target)
        finally:
            os.close(source)
        self._remove_tree(filled)


def _move(name: str, source: int, target: int) -> None:
    try:
        os.stat(name, dir_fd=target, follow_symlinks=False)
    except FileNotFoundError:
        with suppress(FileExistsError, IsADirectoryError, NotADirectoryError):
            os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
