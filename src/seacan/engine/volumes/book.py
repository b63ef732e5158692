"""Which volumes there are, and which containers have each, in memory. For threads."""

import threading
from collections.abc import Iterable, Sequence

from seacan.volumes.volume import Volume


class VolumeBook:
    def __init__(self, volumes: Iterable[Volume]) -> None:
        self._guard = threading.Lock()
        self._volumes = {volume.name: volume for volume in volumes}
        self._holders: dict[str, list[str]] = {}

    def get(self, name: str) -> Volume | None:
        with self._guard:
            return self._volumes.get(name)

    def all(self) -> list[Volume]:
        with self._guard:
            return [*self._volumes.values()]

    def add(self, volume: Volume) -> None:
        with self._guard:
            self._volumes[volume.name] = volume

    def remove(self, name: str) -> None:
        with self._guard:
            del self._volumes[name]

    def holders(self, name: str) -> Sequence[str]:
        """Return who has a volume, in the order they came."""
        with self._guard:
            return tuple(self._holders.get(name, ()))

    def hold(self, name: str, holder: str) -> None:
        with self._guard:
            holders = self._holders.setdefault(name, [])
            if holder not in holders:
                holders.append(holder)

    def release(self, name: str, holder: str) -> None:
        with self._guard:
            holders = [one for one in self._holders.pop(name, ()) if one != holder]
            if holders:
                self._holders[name] = holders
