"""Who is in which network, under which names and addresses: what a resolver answers from.

It follows the running containers: an endpoint is here from the start of its container, or its
connect, to its end, or its disconnect. Read and changed in the daemon's own thread only.
"""

import ipaddress
from collections.abc import Sequence

import msgspec
from msgspec import field


class Member(msgspec.Struct, frozen=True):
    """`names` are the container's name, its aliases in this network, its short id, its host name.

    Addresses are empty where it has none. `links` are names that only this member knows others by,
    each with the name or id of that container as it was asked for.
    """

    container_id: str
    endpoint_id: str
    names: Sequence[str]
    ipv4: str
    ipv6: str
    links: Sequence[tuple[str, str]] = ()


class _Index(msgspec.Struct):
    by_name: dict[str, list[Member]] = field(default_factory=dict)
    by_address: dict[str, Member] = field(default_factory=dict)


class Members:
    def __init__(self) -> None:
        self._networks: dict[str, dict[str, Member]] = {}
        self._indexes: dict[str, _Index] = {}  # made when somebody asks after a change

    def join(self, network_id: str, member: Member) -> None:
        self._networks.setdefault(network_id, {})[member.container_id] = member
        self._indexes.pop(network_id, None)

    def leave(self, network_id: str, container_id: str) -> None:
        self._networks.get(network_id, {}).pop(container_id, None)
        self._indexes.pop(network_id, None)

    def of(self, network_id: str) -> Sequence[Member]:
        return [*self._networks.get(network_id, {}).values()]

    def named(self, network_id: str, name: str) -> Sequence[Member]:
        """Return those that have `name`, which is in lower case."""
        return self._index(network_id).by_name.get(name, ())

    def at(self, network_id: str, address: str) -> Member | None:
        """Return who has `address`, as the standard library writes it."""
        return self._index(network_id).by_address.get(address)

    def linked(self, network_id: str, container_id: str, name: str) -> Member | None:
        """Return whom a container, and nobody else, knows as `name`, which is in lower case."""
        asker = self._networks.get(network_id, {}).get(container_id)
        for link, target in asker.links if asker is not None else ():
            if link.lower() == name:
                return self._target(network_id, target)
        return None

    def _target(self, network_id: str, target: str) -> Member | None:
        if named := self.named(network_id, target.lower()):
            return named[0]
        members = self.of(network_id) if target else ()
        return next((each for each in members if each.container_id.startswith(target)), None)

    def _index(self, network_id: str) -> _Index:
        index = self._indexes.get(network_id)
        if index is None:
            index = self._indexes[network_id] = _index(self.of(network_id))
        return index


def _index(members: Sequence[Member]) -> _Index:
    index = _Index()
    for member in members:
        for name in dict.fromkeys(name.lower() for name in member.names):
            index.by_name.setdefault(name, []).append(member)
        for address in filter(None, (member.ipv4, member.ipv6)):
            index.by_address[str(ipaddress.ip_address(address))] = member
    return index
