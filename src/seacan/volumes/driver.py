"""What makes volumes, mounts them and removes them: the daemon itself, or a plugin. All block."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from seacan.volumes.filling import Filling
from seacan.volumes.volume import Volume


class Seen(msgspec.Struct, frozen=True):
    """What a driver says of a volume. `mountpoint` is empty while it is mounted nowhere."""

    mountpoint: str
    scope: str = "local"
    status: Mapping[str, Any] | None = None


class Driver(Protocol):
    def check(self, volume: Volume) -> None:
        """Raise InvalidArgument for a volume that cannot be."""

    def making(self, volume: Volume) -> AbstractContextManager[object]:
        """Make it while its row is written: it is there if that succeeds, or else it is not."""

    def removing(self, volume: Volume) -> AbstractContextManager[object]:
        """Remove it while its row goes: it stays if that fails."""

    def needs_mount(self, volume: Volume) -> bool:
        """Tell whether `take` has to come before its files are there."""

    def take(self, volume: Volume, user: str) -> Path:
        """Have its files there for `user`; return where. Raises Internal."""

    def leave(self, volume: Volume, user: str) -> None:
        """Let go of it; `user` may not have had it."""

    def filling(self, volume: Volume, path: Path) -> Filling:
        """Return how to fill it, whose files are at `path`."""

    def look(self, volume: Volume) -> Seen: ...
