"""What the API needs of volumes, by the verbs that routes call; see engine.py.

All raise the errors of errors.py.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import BinaryIO, Protocol

from seacan.engine.containers.filters import Filters
from seacan.engine.volumes.prune import PrunedVolumes
from seacan.volumes.volume import Found


class Volumes(Protocol):
    """Every method blocks, and may be called from any thread."""

    def create(
        self,
        name: str,
        driver: str,
        options: Mapping[str, str] | None,
        labels: Mapping[str, str] | None,
    ) -> Found:
        """Make a volume, or return the one of that name."""

    def get(self, name: str) -> Found: ...

    def list(self, wanted: Filters) -> tuple[Sequence[Found], Sequence[str]]:
        """Return the volumes wanted, and warnings."""

    def remove(self, name: str, *, force: bool) -> None: ...

    def prune(self, wanted: Filters) -> PrunedVolumes: ...

    def rename(self, name: str, to: str) -> None: ...


class VolumeCopies(Protocol):
    def clone(self, source: str, name: str) -> Found:
        """Make a volume of another; blocks."""

    def import_archive(
        self, name: str, archive: BinaryIO, labels: Mapping[str, str] | None
    ) -> Found:
        """Make a volume of an archive; blocks."""

    def export(self, name: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...
