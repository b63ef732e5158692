"""The volumes of a daemon: made, filled, removed, found, and who has them.

A volume is in use for as long as there is a container that mounts it, whether that runs or not.
Whoever makes or removes one has its turn (volumes/turns.py), so that a volume that two containers
want at once is made, and filled, by the first of them. Blocks; called in worker threads.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from seacan import errors, ids, log
from seacan.engine.containers.container import Container
from seacan.engine.containers.filters import Filters
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.database import Database
from seacan.engine.events.events import Events
from seacan.engine.volumes import filters as volume_filters
from seacan.engine.volumes import points as volume_points
from seacan.engine.volumes import prune as volume_prune
from seacan.engine.volumes.book import VolumeBook
from seacan.engine.volumes.copy_up import copy_up, has_directory
from seacan.engine.volumes.events import VolumeEvents
from seacan.engine.volumes.mounts import VolumeMounts
from seacan.engine.volumes.prune import PrunedVolumes
from seacan.volumes.driver import Driver
from seacan.volumes.local import LocalVolumes
from seacan.volumes.plugins import Plugins
from seacan.volumes.turns import Turns
from seacan.volumes.volume import ANONYMOUS, LOCAL, Found, Volume, check_name

_FILLER: Final = "copy-up"  # who has a volume mounted while it is filled


class Volumes:
    def __init__(
        self, database: Database, local: LocalVolumes, plugins: Plugins, events: Events
    ) -> None:
        self._database = database
        self._local = local
        self._plugins = plugins
        self.events: Final = VolumeEvents(events)
        self._book = VolumeBook(database.volumes())
        self._turns = Turns()
        self._pruning = threading.Lock()
        self.mounts: Final = VolumeMounts(self._book, self._turns, local, self._driver)

    def restore(self, containers: Iterable[Container]) -> None:
        """Note who has what, and finish what a daemon that died left in the middle."""
        for container in containers:
            for point in volume_points.of(container.mount_points):
                self._book.hold(point.name, container.id)
        self._local.settle([v for v in self._book.all() if v.driver == LOCAL])

    def _driver(self, volume: Volume) -> Driver:
        """Return what makes a volume. Raises NotFound if there is no such plugin."""
        return self._local if volume.driver == LOCAL else self._plugins.find(volume.driver)

    # -- finding ----------------------------------------------------------------------------------

    def get(self, name: str) -> Found:
        """Return the volume of that name. Raises NotFound."""
        volume = self._book.get(name) or self._foreign(name)
        if volume is None:
            raise errors.NotFound(f"get {name}: no such volume")
        seen = self._driver(volume).look(volume)
        return replace(
            self._found(volume), mountpoint=seen.mountpoint, scope=seen.scope, status=seen.status
        )

    def all(self) -> list[Found]:
        """Return all volumes; no plugin is asked about them."""
        return [self._found(volume) for volume in self._book.all()]

    def _found(self, volume: Volume) -> Found:
        path = self._path(volume.name, volume.driver)
        return Found(volume, path, self._book.holders(volume.name))

    def placed(self, points: Iterable[MountPoint]) -> tuple[MountPoint, ...]:
        """Return `points`, volumes with their driver, and where they are or will be.

        Where a plugin has one, it tells when it mounts it.
        """
        return tuple(self._placed(one) if one.type == "volume" else one for one in points)

    def _placed(self, point: MountPoint) -> MountPoint:
        known = self._book.get(point.name)
        if known is None and not point.driver and point.is_named:
            known = self._foreign(point.name)
        driver = point.driver or (known.driver if known else LOCAL)
        return replace(point, driver=driver, source=self._path(point.name, driver))

    def _path(self, name: str, driver: str) -> str:
        return str(self._local.data(name)) if driver == LOCAL else ""

    def _foreign(self, name: str) -> Volume | None:
        """Return a volume that a plugin has without having been told by this daemon to make it."""
        for plugin in self._plugins.all([]):
            with suppress(errors.SeacanError):
                volume = Volume(name, plugin.name, "")
                plugin.look(volume)
                return volume
        return None

    def list(self, wanted: Filters) -> tuple[Sequence[Found], Sequence[str]]:
        """Return the volumes wanted, by name, and what plugins had to complain of.

        `wanted` are the API's filters.
        """
        found = {one.volume.name: one for one in self.all()}
        warnings: list[str] = []
        for plugin in self._plugins.all(warnings):
            try:
                seen = plugin.list()
            except errors.SeacanError as err:
                warnings.append(str(err))
                continue
            for name, one in seen.items():
                here = found.get(name) or Found(Volume(name, plugin.name, ""), "", ())
                if here.volume.driver == plugin.name:
                    found[name] = replace(here, mountpoint=one.mountpoint, scope=one.scope)
        return volume_filters.select([*found.values()], wanted), warnings

    # -- making and removing ----------------------------------------------------------------------

    def create(
        self,
        name: str,
        driver: str,
        options: Mapping[str, str] | None,
        labels: Mapping[str, str] | None,
    ) -> Found:
        """Make a volume, or return the one that has the name; without a name it is anonymous.

        Raises InvalidArgument, NotFound for a driver that there is not, Conflict, Internal.
        """
        if not name:
            name, labels = ids.new_id(), {**(labels or {}), ANONYMOUS: ""}
        with self._turns.take([name]):
            volume = self._new(name, driver, options, labels)
            if self._known(name, driver) is None:
                self._make(volume)
        return self.get(name)

    def _new(
        self,
        name: str,
        driver: str,
        options: Mapping[str, str] | None,
        labels: Mapping[str, str] | None,
    ) -> Volume:
        """Return the record of a volume that can be made."""
        check_name(name)
        created = datetime.fromtimestamp(int(time.time()), UTC)
        volume = Volume(name, driver or LOCAL, f"{created:%Y-%m-%dT%H:%M:%SZ}", labels, options)
        try:
            found = self._driver(volume)
        except errors.NotFound as err:
            raise errors.NotFound(f"create {name}: {err}") from None
        found.check(volume)
        return volume

    def _known(self, name: str, driver: str) -> Volume | None:
        """Return the volume if it is there. Raises Conflict if `driver` is not the one it has."""
        known = self._book.get(name)
        if known is None and (foreign := self._foreign(name)):
            self._database.add_volume(foreign)
            self._book.add(foreign)
            known = foreign
        if known is not None and driver not in ("", known.driver):
            raise errors.Conflict(
                f"create {name}: driver '{known.driver}' already has volume '{name}': "
                "conflict: volume name must be unique"
            )
        return known

    def _make(self, volume: Volume) -> None:
        with self._driver(volume).making(volume):
            self._database.add_volume(volume)
        self._made(volume)

    def _made(self, volume: Volume) -> None:
        self._book.add(volume)
        self.events.tell("create", volume)

    def remove(self, name: str, *, force: bool = False) -> None:
        """Remove a volume that no container has; with `force` it may be gone already.

        Raises NotFound, Conflict, Internal.
        """
        with self._turns.take([name]):
            volume = self._known(name, "")
            if volume is None:
                if force:
                    return
                raise errors.NotFound(f"get {name}: no such volume")
            if holders := self._book.holders(name):
                raise errors.Conflict(f"remove {name}: volume is in use - [{', '.join(holders)}]")
            try:
                self._unmake(volume)
            except errors.SeacanError:
                if not force or volume.driver == LOCAL:
                    raise
                self._database.remove_volume(name)  # its plugin may be gone for good
                self._gone(volume)

    def _unmake(self, volume: Volume) -> None:
        with self._driver(volume).removing(volume):
            self._database.remove_volume(volume.name)
        self._gone(volume)

    def rename(self, name: str, to: str) -> None:
        """Give a volume that no container has another name.

        Raises InvalidArgument, NotFound, Conflict, Unsupported for one of a plugin.
        """
        check_name(to)
        with self._turns.take([name, to]):
            volume = self._known(name, "")
            if volume is None:
                raise errors.NotFound(f"get {name}: no such volume")
            if volume.driver != LOCAL:
                raise errors.Unsupported(f"rename {name}: driver {volume.driver} knows it so")
            if self._known(to, "") is not None:
                raise errors.Conflict(f"rename {name}: there is a volume {to}")
            if holders := self._book.holders(name):
                raise errors.Conflict(f"rename {name}: volume is in use - [{', '.join(holders)}]")
            renamed = replace(volume, name=to, renamed_from=name)
            self._database.rename_volume(name, renamed)
            self._local.rename(renamed)
            self._book.remove(name)
            self._book.add(renamed)
        self.events.tell("rename", renamed, oldName=name)

    @contextmanager
    def made(self, name: str, labels: Mapping[str, str] | None) -> Iterator[Path]:
        """Make a volume of what is put into the directory that is yielded: all of it, or none.

        Raises InvalidArgument, Conflict if there is one of that name, Internal.
        """
        with self._turns.take([name]):
            volume = self._new(name, "", None, labels)
            if self._known(name, "") is not None:
                raise errors.Conflict(f"create {name}: there is a volume {name}")
            with self._local.making(volume) as directory:
                yield directory
                self._database.add_volume(volume)
            self._made(volume)

    @contextmanager
    def using(self, name: str, what_for: str) -> Iterator[tuple[Volume, Path]]:
        """Have a volume, and its files where they are, until the end of the `with`.

        Raises NotFound, Internal.
        """
        holder = f"{what_for} {ids.new_id()[:12]}"
        with ExitStack() as held:
            with self._turns.take([name]):
                volume = self._known(name, "")
                if volume is None:
                    raise errors.NotFound(f"get {name}: no such volume")
                self._book.hold(name, holder)
                held.callback(self._book.release, name, holder)
                driver = self._driver(volume)
                path = driver.take(volume, holder)
            held.callback(self._leave, volume, holder)
            yield volume, path

    def _leave(self, volume: Volume, user: str) -> None:
        with self._turns.take([volume.name]):
            self._driver(volume).leave(volume, user)

    def _gone(self, volume: Volume) -> None:
        self._book.remove(volume.name)
        self.events.tell("destroy", volume)

    def prune(self, wanted: Filters) -> PrunedVolumes:
        """Remove what nobody has; `wanted` are the API's filters. Raises Conflict."""
        if not self._pruning.acquire(blocking=False):
            raise errors.Conflict("a prune operation is already running")
        try:
            chosen = volume_filters.select_unused(self.all(), wanted)
            pruned = volume_prune.prune(chosen, self.remove)
        finally:
            self._pruning.release()
        self.events.pruned(pruned.reclaimed_bytes)
        return pruned

    # -- with a container -------------------------------------------------------------------------

    @contextmanager
    def coming(self, record: Container, layers: Sequence[Path]) -> Iterator[Sequence[Volume]]:
        """Make and fill the volumes of a new container; yield those that are new.

        Their rows are to be written with the container's, or nothing comes of either. `layers` are
        the image's, the topmost first.
        """
        points = volume_points.of(record.mount_points)
        new: dict[str, Volume] = {}
        with self._turns.take(point.name for point in points), ExitStack() as undo:
            with ExitStack() as made:
                for point in points:
                    self._book.hold(point.name, record.id)
                    undo.callback(self._book.release, point.name, record.id)
                    if point.name not in new:
                        self._provide(point, layers, new, made, undo)
                yield list(new.values())
            undo.pop_all()
            for volume in new.values():
                self._made(volume)

    def _provide(
        self,
        point: MountPoint,
        layers: Sequence[Path],
        new: dict[str, Volume],
        made: ExitStack,
        undo: ExitStack,
    ) -> None:
        """Make a volume if it is not there, and fill it if it is empty."""
        volume = self._known(point.name, point.driver)
        is_known = volume is not None
        volume = volume or self._new(
            point.name, point.driver, point.driver_options or None, point.labels or None
        )
        if not is_known and volume.driver == LOCAL and not self._local.needs_mount(volume):
            directory = made.enter_context(self._local.making(volume))
            new[volume.name] = volume
            _fill(layers, point, directory)
            return
        if not is_known:
            self._make(volume)
            undo.callback(self._unmake, volume)
        is_copied = point.copies_up and has_directory(layers, point.destination)
        if is_copied or point.owner.has_attributes:
            self._fill_known(volume, point, layers if is_copied else ())

    def _fill_known(self, volume: Volume, point: MountPoint, layers: Sequence[Path]) -> None:
        """Fill a volume that is there, if it is empty; of no layers it has what it is."""
        driver = self._driver(volume)
        path = driver.take(volume, _FILLER)
        try:
            filling = driver.filling(volume, path)
            if filling.is_wanted() and layers:
                with filling.fill() as directory:
                    _fill(layers, point, directory)
            elif filling.is_wanted():
                _fill(layers, point, path)
        finally:
            driver.leave(volume, _FILLER)

    @contextmanager
    def leaving(self, record: Container, *, volumes: bool) -> Iterator[Sequence[str]]:
        """Let a container go; yield the anonymous volumes that go with it, if `volumes` do.

        Those that no other container has: their rows are to be removed with the container's.
        """
        points = volume_points.of(record.mount_points)
        names = {*volume_points.anonymous(points)} if volumes else set()
        with self._turns.take(names):
            gone = [
                volume
                for volume in map(self._book.get, names)
                if volume and {*self._book.holders(volume.name)} <= {record.id}
            ]
            with ExitStack() as removed:
                gone = [volume for volume in gone if self._begin_removal(volume, removed)]
                yield [volume.name for volume in gone]
            for point in points:
                self._book.release(point.name, record.id)
            for volume in gone:
                self._gone(volume)

    def _begin_removal(self, volume: Volume, removed: ExitStack) -> bool:
        """Tell whether it can be removed: a plugin is not to keep a container from going."""
        try:
            removed.enter_context(self._driver(volume).removing(volume))
        except errors.SeacanError as err:
            log.warn("volume is not removed with its container", name=volume.name, error=err)
            return False
        return True


def _fill(layers: Sequence[Path], point: MountPoint, directory: Path) -> None:
    """Put into a volume what the image has, if that is wanted, and give it its owner."""
    try:
        if point.copies_up:
            copy_up(layers, point.destination, directory)
        if point.owner.has_attributes:
            point.owner.give(directory)
    except OSError as err:
        raise errors.Internal(
            f"copy {point.destination} of the image to volume {point.name}: {err.strerror}"
        ) from err
