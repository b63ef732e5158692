"""Who is in which network, under which names and addresses: what a resolver answers from.

It follows the running containers: an endpoint is here from the start of its container, or its
connect, to its end, or its disconnect. Read and changed in the daemon's own thread only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """`names` are the container's name, its aliases in this network and its short id.

    Addresses are empty where it has none. `links` are names that only this member knows others by,
    each with the name or id of that container as it was asked for.
    """

    container_id: str
    endpoint_id: str
    names: Sequence[str]
    ipv4: str
    ipv6: str
    links: Sequence[tuple[str, str]] = ()


class Members:
    def __init__(self) -> None:
        self._networks: dict[str, dict[str, Member]] = {}

    def join(self, network_id: str, member: Member) -> None:
        self._networks.setdefault(network_id, {})[member.container_id] = member

    def leave(self, network_id: str, container_id: str) -> None:
        self._networks.get(network_id, {}).pop(container_id, None)

    def of(self, network_id: str) -> Sequence[Member]:
        return [*self._networks.get(network_id, {}).values()]

    def networks_of(self, container_id: str) -> Iterable[str]:
        """Return the ids of the networks that a container is in."""
        return [id for id, members in self._networks.items() if container_id in members]
