"""Who has which port of the host, among the containers of this daemon."""

import ipaddress
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from seacan.network.definition import Published

_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DEFAULT_EPHEMERAL: Final = range(32768, 61000)

# None: the kernel has no sockets of the protocol, or somebody else has it: the container's relay,
# from before this daemon, or another program, which took the port meanwhile.
Bound = tuple[Published, socket.socket | None]


class PortHolders:
    """Who has which port, found by its number: of thousands, each is asked for once."""

    def __init__(self, held: Mapping[str, Sequence[Bound]]) -> None:
        self._untried: dict[str, Iterator[int]] = {}
        self._by_number: dict[tuple[str, int], list[tuple[str, Published]]] = {}
        for holder, bounds in held.items():
            self.add(holder, bounds)

    def add(self, holder: str, bounds: Iterable[Bound]) -> None:
        for published, _ in bounds:
            key = (published.protocol, published.host_port)
            self._by_number.setdefault(key, []).append((holder, published))

    def find(self, wanted: Published) -> tuple[str, Published] | None:
        """Return who has the port, on this address or on all."""
        for holder, published in self._by_number.get((wanted.protocol, wanted.host_port), ()):
            if _collide(published, wanted):
                return holder, published
        return None

    def untried(self, protocol: str) -> Iterator[int]:
        """Yield the ports of the host's own choice that were not yielded before."""
        return self._untried.setdefault(protocol, iter(ephemeral_ports()))


def ephemeral_ports() -> range:
    """Return the ports that the host gives to those who ask for none."""
    try:
        first, last = map(int, _EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        return _DEFAULT_EPHEMERAL
    return range(first, last + 1)


def _collide(one: Published, other: Published) -> bool:
    if one.is_routed or other.is_routed:
        return False
    first, second = map(ipaddress.ip_address, (one.host_address, other.host_address))
    if first.version != second.version:
        return False
    return first == second or first.is_unspecified or second.is_unspecified
