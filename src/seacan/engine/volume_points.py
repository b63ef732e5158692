"""The volumes of a container, as its mounts name them."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from seacan import ids
from seacan.engine.mount_points import MountPoint, clean
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerConfig
from seacan.volumes.volume import ANONYMOUS


def wanted(
    points: Iterable[MountPoint],
    config: ContainerConfig,
    driver: str,
    path_of: Callable[[str, str], str],
) -> tuple[MountPoint, ...]:
    """Return `points` and the volumes of `config`, where nothing else is mounted; each is named.

    `driver` makes those of `config`. `path_of` tells where a volume is, by name and driver.
    """
    found = {point.destination: point for point in points}
    for path in config.get("Volumes") or {}:
        destination = clean(path)
        if destination == "/":
            raise InvalidArgument("invalid specification: destination can't be '/'")
        found.setdefault(destination, MountPoint("volume", destination, driver=driver))
    return tuple(_named(point, path_of) for point in found.values())


def _named(point: MountPoint, path_of: Callable[[str, str], str]) -> MountPoint:
    if point.type != "volume" or point.source:
        return point
    if not point.name:
        labels = {**point.labels, ANONYMOUS: ""}
        point = replace(point, name=ids.new_id(), labels=labels)
    return replace(point, source=path_of(point.name, point.driver))


def of(points: Iterable[MountPoint]) -> list[MountPoint]:
    return [point for point in points if point.type == "volume"]


def anonymous(points: Iterable[MountPoint]) -> list[str]:
    """Return the names of the volumes that nobody named."""
    return [point.name for point in of(points) if not point.is_named]
