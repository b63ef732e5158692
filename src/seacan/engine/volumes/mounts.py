"""Volumes that are mounted for somebody: a container, or who copies files of one.

What is only a directory needs no mount, and is nobody's. Blocks; called in worker threads.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from seacan import errors, log
from seacan.engine.containers.container import Container
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.volumes import points as volume_points
from seacan.engine.volumes.book import VolumeBook
from seacan.volumes.driver import Driver
from seacan.volumes.local import LocalVolumes
from seacan.volumes.turns import Turns
from seacan.volumes.volume import LOCAL, Volume


class VolumeMounts:
    def __init__(
        self,
        book: VolumeBook,
        turns: Turns,
        local: LocalVolumes,
        driver_of: Callable[[Volume], Driver],
    ) -> None:
        self._book = book
        self._turns = turns
        self._local = local
        self._driver_of = driver_of
        self._taken: dict[str, set[str]] = {}  # by user, what is mounted for it

    def mount(self, record: Container, user: str = "") -> Sequence[MountPoint]:
        """Have the volumes of a container mounted, for itself or for `user`.

        Return its mount points, with the places that plugins tell. Raises NotFound, Internal.
        """
        user = user or record.id
        taken = self._taken.setdefault(user, set())
        paths: dict[str, str] = {}
        try:
            for volume in self._mountable(record):
                with self._turns.take([volume.name]):
                    paths[volume.name] = str(self._driver_of(volume).take(volume, user))
                    taken.add(volume.name)
        except BaseException:
            self.unmount(record, user)
            raise
        return [
            replace(point, source=paths[point.name])
            if point.type == "volume" and point.name in paths
            else point
            for point in record.mount_points
        ]

    def unmount(self, record: Container, user: str = "") -> None:
        """Let go of what `mount` did; it may have come to nothing."""
        user = user or record.id
        taken = self._taken.pop(user, ())  # a plugin may count, and is told of nothing else
        for volume in map(self._book.get, sorted(taken)):
            if volume is None:
                continue
            with self._turns.take([volume.name]):
                try:
                    self._driver_of(volume).leave(volume, user)
                except errors.SeacanError as err:  # a plugin that is no more has nothing mounted
                    log.warn("volume is not unmounted", name=volume.name, error=err)

    def adopt(self, record: Container) -> None:
        """Note that the daemon before this one has started a container."""
        for volume in self._mountable(record):
            self._taken.setdefault(record.id, set()).add(volume.name)
            if volume.driver == LOCAL:
                self._local.uses.adopt(volume.name, record.id)

    def unmount_unused(self) -> None:
        """Unmount what a daemon that died had mounted, and nobody has now."""
        uses = self._local.uses
        for name in uses.unused():
            with self._turns.take([name]):
                if name in uses.unused():
                    uses.unmount(name)

    def _mountable(self, record: Container) -> Sequence[Volume]:
        names = {point.name for point in volume_points.of(record.mount_points)}
        volumes = map(self._book.get, sorted(names))
        return [v for v in volumes if v and (v.driver != LOCAL or self._local.needs_mount(v))]
