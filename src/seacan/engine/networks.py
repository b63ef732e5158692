"""The networks that there are: `none` and `host`, which need no making.

Their ids and times stay the same for as long as the data root lives.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from seacan.engine.container import Container
from seacan.engine.events import Events
from seacan.errors import InvalidArgument, NotFound

_DRIVERS: Final = {"none": "null", "host": "host"}


@dataclass(frozen=True, slots=True)
class Network:
    id: str
    name: str
    driver: str
    created_at: str  # RFC 3339


class Networks:
    def __init__(self, daemon_id: str, created_at: str, events: Events) -> None:
        """`created_at` is when the data root was made, and its networks with it."""
        self._events = events
        self._networks = [
            Network(_id(daemon_id, name), name, driver, created_at)
            for name, driver in _DRIVERS.items()
        ]

    def list(self) -> list[Network]:
        return [*self._networks]

    def get(self, ref: str) -> Network:
        """Return the network by its name, its id, or a start of the id. Raises NotFound."""
        named = [network for network in self._networks if ref in (network.name, network.id)]
        found = named or [network for network in self._networks if network.id.startswith(ref)]
        if not found:
            raise NotFound(f"network {ref} not found")
        if len(found) > 1:
            raise InvalidArgument(f"network {ref} is ambiguous ({len(found)} matches found on ID)")
        return found[0]

    def of(self, container: Container) -> Network | None:
        """Return the network of a container; None if it is in another's namespace."""
        mode = container.host_config.get("NetworkMode") or "none"
        return next((network for network in self._networks if network.name == mode), None)

    def connected(self, container: Container) -> None:
        """Tell that a container is in its network from now on."""
        self._tell("connect", container)

    def disconnected(self, container: Container) -> None:
        self._tell("disconnect", container)

    def _tell(self, action: str, container: Container) -> None:
        if network := self.of(container):
            told = {"container": container.id, "name": network.name, "type": network.driver}
            self._events.append("network", action, network.id, told)


def _id(daemon_id: str, name: str) -> str:
    return hashlib.sha256(f"{daemon_id} {name}".encode()).hexdigest()
