"""The volumes of a container, as its mounts name them."""

from collections.abc import Iterable

from msgspec.structs import replace

from seacan import ids
from seacan.engine.creation.mount_points import MountPoint, check_count, clean
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerConfig
from seacan.volumes.volume import ANONYMOUS


def wanted(
    points: Iterable[MountPoint],
    config: ContainerConfig,
    driver: str,
) -> tuple[MountPoint, ...]:
    """Return `points` and the volumes of `config`, where nothing else is mounted; each is named.

    `driver` makes those of `config`.
    """
    found = {point.destination: point for point in points}
    for path in config.get("Volumes") or {}:
        destination = clean(path)
        if destination == "/":
            raise InvalidArgument("invalid specification: destination can't be '/'")
        found.setdefault(destination, MountPoint("volume", destination, driver=driver))
        check_count(len(found))
    return tuple(_named(point) for point in found.values())


def _named(point: MountPoint) -> MountPoint:
    if point.type != "volume" or point.name:
        return point
    return replace(point, name=ids.new_id(), labels={**point.labels, ANONYMOUS: ""})


def of(points: Iterable[MountPoint]) -> list[MountPoint]:
    return [point for point in points if point.type == "volume"]


def anonymous(points: Iterable[MountPoint]) -> list[str]:
    """Return the names of the volumes that nobody named."""
    return [point.name for point in of(points) if not point.is_named]
