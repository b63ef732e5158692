"""What happens to volumes, told as dockerd tells it."""

from seacan.engine.containers.container import Container
from seacan.engine.events.events import Events
from seacan.engine.volumes import points as volume_points
from seacan.volumes.volume import LOCAL, Volume


class VolumeEvents:
    def __init__(self, events: Events) -> None:
        self._events = events

    def tell(self, action: str, volume: Volume, **attributes: str) -> None:
        told = {"driver": volume.driver, **attributes}
        self._events.append("volume", action, volume.name, told)

    def pruned(self, reclaimed_bytes: int) -> None:
        self._events.append("volume", "prune", "", {"reclaimed": str(reclaimed_bytes)})

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
