"""The volumes of a daemon: made, filled, removed, found, and who has them.

A volume is in use for as long as there is a container that mounts it, whether that runs or not.
Whoever makes or removes one has its turn (volumes/turns.py), so that a volume that two containers
want at once is made, and filled, by the first of them. Blocks; called in worker threads.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from seacan import errors, ids, log
from seacan.engine import volume_filters, volume_points, volume_prune
from seacan.engine.container import Container
from seacan.engine.copy_up import copy_up, has_directory
from seacan.engine.database import Database
from seacan.engine.events import Events
from seacan.engine.filters import Filters
from seacan.engine.mount_points import MountPoint
from seacan.engine.volume_prune import PrunedVolumes
from seacan.volumes import options
from seacan.volumes.local import LocalVolumes
from seacan.volumes.turns import Turns
from seacan.volumes.uses import Uses
from seacan.volumes.volume import ANONYMOUS, LOCAL, Found, Volume, check_name

_FILLER: Final = "copy-up"  # who has a volume mounted while it is filled


class Volumes:
    def __init__(self, database: Database, local: LocalVolumes, events: Events) -> None:
        self._database = database
        self._local = local
        self._events = events
        self._guard = threading.Lock()  # of the two below
        self._records = {volume.name: volume for volume in database.volumes()}
        self._holders: dict[str, list[str]] = {}
        self._uses = Uses(local)
        self._turns = Turns()
        self._pruning = threading.Lock()

    def restore(self, containers: Iterable[Container]) -> None:
        """Note who has what, and finish what a daemon that died left in the middle."""
        for container in containers:
            for point in volume_points.of(container.mount_points):
                self._hold(point.name, container.id)
        self._local.settle(self._records.keys())
        volumes = self._records.values()
        self._uses.restore(v.name for v in volumes if options.is_mounted(v.options))

    # -- finding ----------------------------------------------------------------------------------

    def get(self, name: str) -> Found:
        """Return the volume of that name. Raises NotFound."""
        with self._guard:
            if name not in self._records:
                raise errors.NotFound(f"get {name}: no such volume")
            return self._found(self._records[name])

    def all(self) -> list[Found]:
        with self._guard:
            return [self._found(volume) for volume in self._records.values()]

    def list(self, wanted: Filters) -> list[Found]:
        """Return the volumes wanted, by name; `wanted` are the API's filters."""
        return volume_filters.select(self.all(), wanted)

    def _found(self, volume: Volume) -> Found:
        path = self.path(volume.name, volume.driver)
        return Found(volume, path, tuple(self._holders.get(volume.name, ())))

    def path(self, name: str, driver: str) -> str:
        """Return where a volume is, or would be once it is made."""
        return str(self._local.data(name))

    # -- making and removing ----------------------------------------------------------------------

    def create(
        self,
        name: str,
        driver: str,
        driver_options: Mapping[str, str] | None,
        labels: Mapping[str, str] | None,
    ) -> Found:
        """Make a volume, or return the one that has the name; without a name it is anonymous.

        Raises InvalidArgument, NotFound for a driver that there is not, Conflict, Internal.
        """
        if not name:
            name, labels = ids.new_id(), {**(labels or {}), ANONYMOUS: ""}
        volume = _new(name, driver, driver_options, labels)
        with self._turns.take([name]):
            if not self._is_known(volume):
                self._make(volume)
        return self.get(name)

    def _make(self, volume: Volume) -> None:
        self._begin(volume)
        try:
            self._database.add_volume(volume)
        except BaseException:
            self._discard(volume.name)
            raise
        self._keep([volume])

    def _is_known(self, volume: Volume) -> bool:
        """Tell whether there is the volume already. Raises Conflict if another driver has it."""
        known = self._records.get(volume.name)
        if known is not None and known.driver != volume.driver:
            raise errors.Conflict(
                f"create {volume.name}: conflict: volume name must be unique: "
                f"driver {known.driver} has it"
            )
        return known is not None

    def _begin(self, volume: Volume) -> Path:
        try:
            return self._local.begin(volume.name)
        except OSError as err:
            raise errors.Internal(f"create {volume.name}: {err.strerror}") from err

    def _keep(self, volumes: Iterable[Volume]) -> None:
        for volume in volumes:
            self._local.keep(volume.name)
            with self._guard:
                self._records[volume.name] = volume
            self._tell("create", volume)

    def _discard(self, name: str) -> None:
        try:
            self._local.discard(name)
        except OSError as err:  # it goes with the next start
            log.error("remove what is left of a volume", name=name, error=err)

    def remove(self, name: str, *, force: bool = False) -> None:
        """Remove a volume that no container has; with `force` it may be gone already.

        Raises NotFound, Conflict.
        """
        with self._turns.take([name]):
            volume = self._records.get(name)
            if volume is None:
                if force:
                    return
                raise errors.NotFound(f"get {name}: no such volume")
            if holders := self._holders.get(name):
                raise errors.Conflict(f"remove {name}: volume is in use - [{', '.join(holders)}]")
            self._unmake(volume)

    def _unmake(self, volume: Volume) -> None:
        self._uses.unmount(volume.name)
        self._local.suspend(volume.name)
        self._database.remove_volume(volume.name)
        self._forget(volume)

    def prune(self, wanted: Filters) -> PrunedVolumes:
        """Remove what nobody has; `wanted` are the API's filters. Raises Conflict."""
        if not self._pruning.acquire(blocking=False):
            raise errors.Conflict("a prune operation is already running")
        try:
            chosen = volume_filters.select_unused(self.all(), wanted)
            pruned = volume_prune.prune(chosen, self.remove)
        finally:
            self._pruning.release()
        self._events.append("volume", "prune", "", {"reclaimed": str(pruned.reclaimed_bytes)})
        return pruned

    def _forget(self, volume: Volume) -> None:
        with self._guard:
            del self._records[volume.name]
        self._discard(volume.name)
        self._tell("destroy", volume)

    # -- with a container -------------------------------------------------------------------------

    @contextmanager
    def coming(self, record: Container, layers: Sequence[Path]) -> Iterator[Sequence[Volume]]:
        """Make and fill the volumes of a new container; yield those that are new.

        Their rows are to be written with the container's, or nothing comes of either. `layers` are
        the image's, the topmost first.
        """
        points = volume_points.of(record.mount_points)
        with self._turns.take(point.name for point in points):
            new: dict[str, Volume] = {}
            with ExitStack() as undo:
                for point in points:
                    self._hold(point.name, record.id)
                    undo.callback(self._release, point.name, record.id)
                    self._provide(point, layers, new, undo)
                yield list(new.values())
                undo.pop_all()
            self._keep(new.values())

    def _provide(
        self, point: MountPoint, layers: Sequence[Path], new: dict[str, Volume], undo: ExitStack
    ) -> None:
        if point.name in new:
            return
        volume = _new(point.name, point.driver, point.driver_options or None, point.labels or None)
        is_known = self._is_known(volume)
        if not is_known and not options.is_mounted(volume.options):
            undo.callback(self._discard, volume.name)
            directory = self._begin(volume)
            new[volume.name] = volume
            if point.copies_up:
                _fill(layers, point, directory)
            return
        if not is_known:
            self._make(volume)
            undo.callback(self._unmake, volume)
        if point.copies_up and has_directory(layers, point.destination):
            self._fill_known(point, layers)

    def _fill_known(self, point: MountPoint, layers: Sequence[Path]) -> None:
        """Fill a volume that is there, if it is empty."""
        volume = self._records[point.name]
        with self._used(volume, _FILLER):
            if self._local.is_empty(volume.name):
                is_mounted = options.is_mounted(volume.options)
                with self._local.filling(volume.name, is_mounted=is_mounted) as directory:
                    _fill(layers, point, directory)

    @contextmanager
    def leaving(self, record: Container, *, volumes: bool) -> Iterator[Sequence[str]]:
        """Let a container go; yield the anonymous volumes that go with it, if `volumes` do.

        Those that no other container has: their rows are to be removed with the container's.
        """
        points = volume_points.of(record.mount_points)
        names = {*volume_points.anonymous(points)} if volumes else set()
        with self._turns.take(names):
            with self._guard:
                gone = [
                    self._records[name]
                    for name in names
                    if name in self._records and {*self._holders.get(name, ())} <= {record.id}
                ]
            for volume in gone:
                self._uses.unmount(volume.name)
                self._local.suspend(volume.name)
            yield [volume.name for volume in gone]
            for point in points:
                self._release(point.name, record.id)
            for volume in gone:
                self._forget(volume)

    def _hold(self, name: str, container_id: str) -> None:
        with self._guard:
            holders = self._holders.setdefault(name, [])
            if container_id not in holders:
                holders.append(container_id)

    def _release(self, name: str, container_id: str) -> None:
        with self._guard:
            holders = [i for i in self._holders.pop(name, ()) if i != container_id]
            if holders:
                self._holders[name] = holders

    # -- mounted ----------------------------------------------------------------------------------

    @contextmanager
    def _used(self, volume: Volume, user: str) -> Iterator[None]:
        """Have what the options of a volume say mounted at it, if they say anything."""
        if not options.is_mounted(volume.options):
            yield
            return
        self._uses.take(volume.name, volume.options or {}, user)
        try:
            yield
        finally:
            self._uses.leave(volume.name, user)

    def mount(self, record: Container, user: str = "") -> None:
        """Have the volumes of a container mounted, for itself or for `user`. Raises Internal."""
        user = user or record.id
        try:
            for volume in self._mountable(record):
                with self._turns.take([volume.name]):
                    self._uses.take(volume.name, volume.options or {}, user)
        except BaseException:
            self.unmount(record, user)
            raise

    def unmount(self, record: Container, user: str = "") -> None:
        """Let go of what `mount` did; it may have come to nothing."""
        for volume in self._mountable(record):
            with self._turns.take([volume.name]):
                self._uses.leave(volume.name, user or record.id)

    def adopt(self, record: Container) -> None:
        """Note that a container from before this daemon runs."""
        for volume in self._mountable(record):
            self._uses.adopt(volume.name, record.id)

    def unmount_unused(self) -> None:
        """Unmount what a daemon that died had mounted, and nobody has now."""
        for name in self._uses.unused():
            with self._turns.take([name]):
                if name in self._uses.unused():
                    self._uses.unmount(name)

    def _mountable(self, record: Container) -> Sequence[Volume]:
        names = {point.name for point in volume_points.of(record.mount_points)}
        volumes = [self._records[name] for name in sorted(names) if name in self._records]
        return [volume for volume in volumes if options.is_mounted(volume.options)]

    # -- telling ----------------------------------------------------------------------------------

    def mounted(self, record: Container) -> None:
        """Tell that a container has its volumes mounted."""
        for point in volume_points.of(record.mount_points):
            told = {
                "container": record.id,
                "destination": point.destination,
                "driver": point.driver or LOCAL,
                "propagation": point.propagation,
                "read/write": "true" if point.is_writable else "false",
            }
            self._events.append("volume", "mount", point.name, told)

    def unmounted(self, record: Container) -> None:
        for point in volume_points.of(record.mount_points):
            told = {"container": record.id, "driver": point.driver or LOCAL}
            self._events.append("volume", "unmount", point.name, told)

    def _tell(self, action: str, volume: Volume) -> None:
        self._events.append("volume", action, volume.name, {"driver": volume.driver})


def _new(
    name: str,
    driver: str,
    driver_options: Mapping[str, str] | None,
    labels: Mapping[str, str] | None,
) -> Volume:
    check_name(name)
    if driver not in ("", LOCAL):
        raise errors.NotFound(
            f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found'
        )
    options.check(name, driver_options or {})
    created = datetime.fromtimestamp(int(time.time()), UTC)
    return Volume(name, driver or LOCAL, f"{created:%Y-%m-%dT%H:%M:%SZ}", labels, driver_options)


def _fill(layers: Sequence[Path], point: MountPoint, directory: Path) -> None:
    try:
        copy_up(layers, point.destination, directory)
    except OSError as err:
        raise errors.Internal(
            f"copy {point.destination} of the image to volume {point.name}: {err.strerror}"
        ) from err
