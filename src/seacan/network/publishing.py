"""Published ports: what is asked for, which ports of the host are given, and to whom.

A port is held by a socket that is bound to it and answers nobody: the kernel's rules take packets
to the container before they come to it, and no other program gets the port meanwhile.
"""

import contextlib
import errno
import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from seacan.errors import Internal, InvalidArgument, Unsupported
from seacan.network import port_owner
from seacan.network.definition import Endpoint, Network, Published
from seacan.network.firewall import Forwarding

_PROTOCOLS: Final = ("tcp", "udp", "sctp")
_PORT: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DEFAULT_EPHEMERAL: Final = range(32768, 61000)


@dataclass(frozen=True, slots=True)
class Wish:
    """A port of a container, and where it is wanted; ports of the host to choose from, or any."""

    protocol: str
    container_port: int
    host_address: str = ""
    host_ports: range | None = None


# --- asked for --------------------------------------------------------------------------------


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


# --- given ------------------------------------------------------------------------------------


# None: the kernel has no sockets of the protocol, or another program took the port meanwhile.
_Bound = tuple[Published, socket.socket | None]


class Ports:
    """The ports of the host that containers of this daemon have; used in one thread."""

    def __init__(self) -> None:
        self._held: dict[str, list[_Bound]] = {}
        self._names: dict[str, str] = {}

    def publish(
        self,
        holder: str,
        name: str,
        wishes: Sequence[Wish],
        network: Network,
        endpoint: Endpoint,
    ) -> list[Published]:
        """Give a container the ports that it wants; all or none. It is shown as `name`.

        Raises Internal in Docker's words if one is taken, and names who has it.
        """
        self._names[holder] = name
        held = self._held.setdefault(holder, [])
        try:
            for wish in wishes:
                held += self._take(wish, network, endpoint)
        except BaseException:
            self.release(holder)
            raise
        return [published for published, _ in held]

    def hold(self, holder: str, name: str, published: Sequence[Published]) -> list[Published]:
        """Take the ports of a container that runs already; return those that others have by now."""
        lost = []
        self._names[holder] = name
        held = self._held.setdefault(holder, [])
        for each in published:
            try:
                held.append((each, _bind(each)))
            except OSError:
                held.append((each, None))
                lost.append(each)
        return lost

    def release(self, holder: str) -> None:
        self._names.pop(holder, None)
        for _, bound in self._held.pop(holder, []):
            if bound is not None:
                bound.close()

    def rename(self, holder: str, name: str) -> None:
        if holder in self._names:
            self._names[holder] = name

    def _take(self, wish: Wish, network: Network, endpoint: Endpoint) -> list[_Bound]:
        """Take one port of the host, the same on each address that it is wanted on."""
        addresses = _addresses(wish, network, endpoint)
        failure: OSError | None = None
        for port in wish.host_ports or ephemeral_ports():
            wanted = [
                Published(wish.protocol, wish.container_port, address, port)
                for address in addresses
            ]
            try:
                return self._bind_all(wanted)
            except OSError as err:
                failure = err
                if err.errno != errno.EADDRINUSE:
                    break
        raise self._refusal(wish, wanted[0], endpoint, failure)

    def _bind_all(self, wanted: Sequence[Published]) -> list[_Bound]:
        with contextlib.ExitStack() as undo:
            taken: list[_Bound] = []
            for published in wanted:
                if self._holder(published):
                    raise OSError(errno.EADDRINUSE, "port is already allocated")
                bound = _bind(published)
                taken.append((published, bound))
                if bound is not None:
                    undo.callback(bound.close)
            undo.pop_all()
        return taken

    def _holder(self, wanted: Published) -> tuple[str, Published] | None:
        """Return which container has the port, on this address or on all."""
        for holder, held in self._held.items():
            for published, _ in held:
                if _collide(published, wanted):
                    return self._names[holder], published
        return None

    def _refusal(
        self, wish: Wish, wanted: Published, endpoint: Endpoint, failure: OSError | None
    ) -> Internal:
        place = _place(wanted)
        if found := self._holder(wanted):
            holder, theirs = found
            return Internal(
                f"Bind for {_place(theirs)} failed: port is already allocated "
                f"(container {holder} has it)"
            )
        words = (failure.strerror or str(failure)).lower() if failure else "no port"
        owner = ""
        if failure is not None and failure.errno == errno.EADDRINUSE:
            owner = port_owner.describe(wanted.protocol, wanted.host_port)
        address = endpoint.address_ipv6 if ":" in wanted.host_address else endpoint.address_ipv4
        target = f"{_bracketed(address)}:{wish.container_port}/{wish.protocol}"
        return Internal(f"failed to bind host port for {place}:{target}: {words}{owner}")


def ephemeral_ports() -> range:
    """Return the ports that the host gives to those who ask for none."""
    try:
        first, last = map(int, _EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        return _DEFAULT_EPHEMERAL
    return range(first, last + 1)


def _addresses(wish: Wish, network: Network, endpoint: Endpoint) -> list[str]:
    """Return the host's addresses to publish on: those of a version that the container has."""
    if wish.host_address:
        has_it = endpoint.ipv6 if ":" in wish.host_address else endpoint.ipv4
        if not has_it:
            version = 6 if ":" in wish.host_address else 4
            raise Unsupported(
                f"publish port {wish.container_port} on {wish.host_address}: "
                f"the container has no IPv{version} address in network {network.name}"
            )
        return [wish.host_address]
    found = [network.default_binding(4)] if endpoint.ipv4 else []
    return found + ([network.default_binding(6)] if endpoint.ipv6 else [])


def _bind(published: Published) -> socket.socket | None:
    """Return a socket that has the port; None for a protocol that this kernel has no sockets of."""
    family = socket.AF_INET6 if ":" in published.host_address else socket.AF_INET
    kind = socket.SOCK_DGRAM if published.protocol == "udp" else socket.SOCK_STREAM
    number = socket.IPPROTO_SCTP if published.protocol == "sctp" else 0
    try:
        bound = socket.socket(family, kind | socket.SOCK_CLOEXEC, number)
    except OSError as err:
        if err.errno in (errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT):
            return None
        raise
    try:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((published.host_address, published.host_port))
    except BaseException:
        bound.close()
        raise
    return bound


def _collide(one: Published, other: Published) -> bool:
    if (one.protocol, one.host_port) != (other.protocol, other.host_port):
        return False
    first, second = map(ipaddress.ip_address, (one.host_address, other.host_address))
    if first.version != second.version:
        return False
    return first == second or first.is_unspecified or second.is_unspecified


def _place(published: Published) -> str:
    return f"{_bracketed(published.host_address)}:{published.host_port}"


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


# --- carried out ------------------------------------------------------------------------------


def forwardings(published: Sequence[Published], endpoint: Endpoint) -> list[Forwarding]:
    """Return how packets to the published ports come to `endpoint`."""
    return [
        Forwarding(
            each.protocol,
            each.host_address,
            each.host_port,
            endpoint.address_ipv6 if ":" in each.host_address else endpoint.address_ipv4,
            each.container_port,
        )
        for each in published
    ]


def by_port(published: Iterable[Published]) -> Iterator[tuple[str, list[Published]]]:
    """Yield each port of the container, as `80/tcp`, with where it is published."""
    groups: dict[str, list[Published]] = {}
    for each in published:
        groups.setdefault(f"{each.container_port}/{each.protocol}", []).append(each)
    yield from groups.items()
