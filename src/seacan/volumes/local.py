"""Volumes as directories: DATA_ROOT/volumes/NAME/_data.

While its container is being made or removed, a volume is `.NAME`: whether it stays is decided by
the container's row, so a daemon that died meanwhile finds out by looking there (`settle`).
"""

import contextlib
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

DATA: Final = "_data"
_UNDECIDED: Final = "."


class LocalVolumes:
    """Blocks. `remove_tree` removes a directory that strangers filled; it may be gone already."""

    def __init__(self, root: Path, remove_tree: Callable[[Path], None]) -> None:
        self._root = root
        self._remove_tree = remove_tree

    def data(self, name: str) -> Path:
        """Return the directory that is mounted."""
        return self._root / name / DATA

    def begin(self, name: str) -> Path:
        """Make a volume, undecided; return its directory, to be filled. Raises OSError."""
        directory = self._root / f"{_UNDECIDED}{name}"
        directory.mkdir(mode=0o711)
        data = directory / DATA
        data.mkdir()
        data.chmod(0o755)
        return data

    def suspend(self, names: Iterable[str]) -> None:
        """Make volumes undecided, before the row of their container goes."""
        for name in names:
            self._rename(name, f"{_UNDECIDED}{name}")

    def keep(self, names: Iterable[str]) -> None:
        """Decide for undecided volumes."""
        for name in names:
            self._rename(f"{_UNDECIDED}{name}", name)

    def discard(self, names: Iterable[str]) -> None:
        """Decide against undecided volumes."""
        for name in names:
            self._remove_tree(self._root / f"{_UNDECIDED}{name}")

    def settle(self, used: Collection[str]) -> None:
        """Decide what a daemon that died left undecided: for those that a container has."""
        for path in self._root.iterdir():
            if path.name.startswith(_UNDECIDED):
                name = path.name.removeprefix(_UNDECIDED)
                (self.keep if name in used else self.discard)([name])

    def _rename(self, name: str, to: str) -> None:
        with contextlib.suppress(FileNotFoundError):  # decided already, or removed by hand
            os.rename(self._root / name, self._root / to)
