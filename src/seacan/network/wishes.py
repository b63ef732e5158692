"""Wishes for published ports: what PortBindings and the like ask for, and what is given already."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from seacan.errors import InvalidArgument
from seacan.network.definition import Published

_PROTOCOLS: Final = ("tcp", "udp", "sctp")
_PORT: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


class Wish(msgspec.Struct, frozen=True):
    """A port of a container, and where it is wanted; ports of the host to choose from, or any."""

    protocol: str
    container_port: int
    host_address: str = ""
    host_ports: range | None = None

    def is_met_by(self, published: Published) -> bool:
        if (published.protocol, published.container_port) != (self.protocol, self.container_port):
            return False
        if published.is_routed:  # of the wish for a place, it has the version alone
            version = ":" in published.host_address
            return not self.host_address or (":" in self.host_address) == version
        return self.host_address in ("", published.host_address) and (
            self.host_ports is None or published.host_port in self.host_ports
        )


def parse_port(text: str) -> tuple[int, str]:
    """Return number and protocol of `80`, `80/tcp`. Raises InvalidArgument in Docker's words."""
    number, _, protocol = text.partition("/")
    if not (number.isascii() and number.isdecimal() and int(number) < 65536):
        raise InvalidArgument(f'invalid port specification: "{number}"')
    protocol = (protocol or "tcp").lower()
    if protocol not in _PROTOCOLS:
        raise InvalidArgument(f"invalid port protocol: {protocol}")
    return int(number), protocol


def parse_wishes(
    bindings: Mapping[str, Sequence[Mapping[str, Any]] | None],
    exposed: Iterable[str] = (),
    *,
    all_exposed: bool = False,
) -> list[Wish]:
    """Return what PortBindings, ExposedPorts and PublishAllPorts ask for.

    Raises InvalidArgument in Docker's words.
    """
    wishes = [
        Wish(protocol, number, *_binding(binding or {}))
        for text, each in bindings.items()
        for number, protocol in [parse_port(text)]
        for binding in (each or [{}])
    ]
    if all_exposed:
        bound = {(wish.container_port, wish.protocol) for wish in wishes}
        more = dict.fromkeys(parse_port(text) for text in exposed)
        wishes += [Wish(protocol, n) for n, protocol in more if (n, protocol) not in bound]
    return sorted(wishes, key=lambda wish: (wish.container_port, wish.protocol))


def _binding(binding: Mapping[str, Any]) -> tuple[str, range | None]:
    address, ports = str(binding.get("HostIp") or ""), str(binding.get("HostPort") or "")
    if address:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise InvalidArgument(f"invalid IP address: {address}") from None
    if not ports or ports == "0":
        return address, None
    found = _PORT.fullmatch(ports)
    if not found or max(map(int, filter(None, found.groups()))) > 65535:
        raise InvalidArgument(f'invalid port specification: "{ports}"')
    first = int(found[1])
    last = int(found[2] or first)
    if last < first:
        raise InvalidArgument(f'invalid port specification: "{ports}"')
    return address, range(first, last + 1)


def share_out(wishes: Sequence[Wish], published: Sequence[Published]) -> list[list[Published]]:
    """Return for each wish what meets it: one port of the host, on one address or more, or none.

    What meets no wish is in none of them, and nothing is in two.
    """
    unused: dict[tuple[str, int], list[Published]] = {}
    for each in published:
        unused.setdefault((each.protocol, each.container_port), []).append(each)
    shares = []
    for wish in wishes:
        left = unused.get((wish.protocol, wish.container_port), [])
        met = [each for each in left if wish.is_met_by(each)]
        port = next((each.host_port for each in met if not each.is_routed), 0)
        # Two wishes that differ in the host's port alone have two that are equal, if routed.
        share = {e.host_address: e for e in met if e.is_routed or e.host_port == port}
        for each in share.values():
            left.remove(each)
        shares.append([*share.values()])
    return shares
