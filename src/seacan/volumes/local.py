"""The driver `local`: volumes as directories, DATA_ROOT/volumes/NAME/_data.

While a volume is being made or removed it is `.NAME`: whether it stays is decided by its row, so a
daemon that died meanwhile finds out by looking there (`settle`).
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from seacan import log
from seacan.errors import Internal
from seacan.volumes import mounting, options
from seacan.volumes.driver import Seen
from seacan.volumes.filling import Filling
from seacan.volumes.uses import Uses
from seacan.volumes.volume import Volume

DATA: Final = "_data"
_UNDECIDED: Final = "."


class Quotas(Protocol):
    """How a directory is held to a size."""

    def are_enforced(self, directory: Path) -> bool: ...
    def assign(self, directories: Sequence[Path], limit_bytes: int) -> None: ...
    def remove(self, directories: Sequence[Path]) -> None: ...


class LocalVolumes:
    """Meets the Protocol `Driver`.

    `remove_tree` removes a directory that strangers filled; it may be gone already.
    """

    def __init__(self, root: Path, remove_tree: Callable[[Path], None], quotas: Quotas) -> None:
        self._root = root
        self._remove_tree = remove_tree
        self._quotas = quotas
        self.uses: Final = Uses(self.data)

    def data(self, name: str) -> Path:
        """Return the directory that is mounted."""
        return self._root / name / DATA

    def check(self, volume: Volume) -> None:
        has_quotas = partial(self._quotas.are_enforced, self._root)
        options.check(volume.name, volume.options or {}, has_quotas)

    def look(self, volume: Volume) -> Seen:
        return Seen(str(self.data(volume.name)))

    # -- made and removed -------------------------------------------------------------------------

    @contextmanager
    def making(self, volume: Volume) -> Iterator[Path]:
        """Yield its directory, to be filled."""
        try:
            yield self._begin(volume)
        except BaseException:
            self._discard(volume.name)
            raise
        self._keep(volume.name)

    def _begin(self, volume: Volume) -> Path:
        directory = self._undecided(volume.name)
        try:
            self._remove(directory)  # one whose removal failed in the middle
            directory.mkdir(mode=0o711)
            data = directory / DATA
            data.mkdir()
            data.chmod(0o755)
        except OSError as err:
            raise Internal(f"create {volume.name}: {err.strerror}") from err
        if limit_bytes := options.limit_bytes(volume.options):
            self._quotas.assign([data], limit_bytes)
        return data

    @contextmanager
    def removing(self, volume: Volume) -> Iterator[None]:
        self.uses.unmount(volume.name)
        mounting.unmount(self.data(volume.name))  # also what others mounted there: it is not its
        self._rename(self._root / volume.name, self._undecided(volume.name))
        try:
            yield
        except BaseException:
            self._keep(volume.name)
            raise
        self._discard(volume.name)

    def settle(self, known: Iterable[Volume]) -> None:
        """Finish what a daemon that died left in the middle; `known` are the volumes with a row."""
        known = list(known)
        names = {volume.name for volume in known}
        for volume in known:
            if volume.renamed_from and volume.renamed_from not in names:
                self.rename(volume)
        for path in list(self._root.iterdir()):
            if path.name.startswith(_UNDECIDED):
                name = path.name.removeprefix(_UNDECIDED)
                (self._keep if name in names else self._discard)(name)
        for volume in known:
            if not self.needs_mount(volume):
                self.filling(volume, self.data(volume.name)).finish()
        self.uses.restore(volume.name for volume in known if self.needs_mount(volume))

    def rename(self, volume: Volume) -> None:
        """Give a volume's directory its new name, if it does not have it yet."""
        if not (self._root / volume.name).exists():
            self._rename(self._root / volume.renamed_from, self._root / volume.name)

    def _keep(self, name: str) -> None:
        self._rename(self._undecided(name), self._root / name)

    def _discard(self, name: str) -> None:
        try:
            self._remove(self._undecided(name))
        except OSError as err:  # the next daemon tries again
            log.error("remove what is left of a volume", name=name, error=err)

    def _remove(self, directory: Path) -> None:
        self._quotas.remove([directory / DATA])
        self._remove_tree(directory)

    def _undecided(self, name: str) -> Path:
        return self._root / f"{_UNDECIDED}{name}"

    def _rename(self, path: Path, to: Path) -> None:
        with suppress(FileNotFoundError):  # decided already, or removed by hand
            os.rename(path, to)

    # -- in use -----------------------------------------------------------------------------------

    def needs_mount(self, volume: Volume) -> bool:
        return options.is_mounted(volume.options)

    def take(self, volume: Volume, user: str) -> Path:
        if self.needs_mount(volume):
            self.uses.take(volume.name, volume.options or {}, user)
        return self.data(volume.name)

    def leave(self, volume: Volume, user: str) -> None:
        if self.needs_mount(volume):
            self.uses.leave(volume.name, user)

    def filling(self, volume: Volume, path: Path) -> Filling:
        # Files can be moved into a directory with a limit only from within it.
        is_limited = options.limit_bytes(volume.options) > 0
        beside = not self.needs_mount(volume) and not is_limited
        return Filling(path, self._remove_tree, beside=beside)
