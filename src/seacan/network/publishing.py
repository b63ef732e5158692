"""Published ports: which ports of the host are given, and to whom.

A port is held by a socket that is bound to it and answers nobody: the kernel's rules take packets
to the container before they come to it, and no other program gets the port meanwhile.
"""

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from seacan.errors import Internal, Unsupported
from seacan.network import port_owner
from seacan.network.definition import Endpoint, Network, Published
from seacan.network.firewall import Forwarding
from seacan.network.wishes import Wish, share_out

_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DEFAULT_EPHEMERAL: Final = range(32768, 61000)


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
        try:
            with self.changing(holder, name, wishes, network, endpoint) as published:
                return published
        except BaseException:
            self.release(holder)
            raise

    @contextlib.contextmanager
    def changing(
        self,
        holder: str,
        name: str,
        wishes: Sequence[Wish],
        network: Network,
        endpoint: Endpoint,
    ) -> Iterator[list[Published]]:
        """Give a container other ports: those of `wishes`, of which it keeps what it has.

        Until the body is done it has both, and if that fails, those of before. Raises as publish.
        """
        self._names[holder] = name
        before = self._held.get(holder, [])
        shares = share_out(wishes, [published for published, _ in before])
        kept = [bound for bound in before if any(bound[0] in share for share in shares)]
        spare = [bound for bound in before if bound not in kept]
        taken: list[_Bound] = []
        try:
            for wish, share in zip(wishes, shares, strict=True):
                if not share:
                    self._held[holder] = [*kept, *taken]
                    taken += self._take(wish, network, endpoint, spare)
            self._held[holder] = [*before, *taken]
            yield [published for published, _ in (*kept, *taken)]
        except BaseException:
            self._held[holder] = before
            _close(taken)
            raise
        self._held[holder] = [*kept, *taken]
        _close(spare)

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
        _close(self._held.pop(holder, []))

    def rename(self, holder: str, name: str) -> None:
        if holder in self._names:
            self._names[holder] = name

    def _take(
        self, wish: Wish, network: Network, endpoint: Endpoint, spare: Sequence[_Bound]
    ) -> list[_Bound]:
        """Take one port of the host, the same on each address that it is wanted on.

        It may be one of `spare`, which the container had for something else.
        """
        addresses = _addresses(wish, network, endpoint)
        failure: OSError | None = None
        for port in wish.host_ports or ephemeral_ports():
            wanted = [
                Published(wish.protocol, wish.container_port, address, port)
                for address in addresses
            ]
            try:
                return self._bind_all(wanted, spare)
            except OSError as err:
                failure = err
                if err.errno != errno.EADDRINUSE:
                    break
        raise self._refusal(wish, wanted[0], endpoint, failure)

    def _bind_all(self, wanted: Sequence[Published], spare: Sequence[_Bound]) -> list[_Bound]:
        with contextlib.ExitStack() as undo:
            taken: list[_Bound] = []
            for published in wanted:
                if self._holder(published):
                    raise OSError(errno.EADDRINUSE, "port is already allocated")
                bound = _again(published, spare) or _bind(published)
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


def _again(published: Published, spare: Sequence[_Bound]) -> socket.socket | None:
    """Return a further descriptor of the socket in `spare` that has the port; None if none has."""
    sought = (published.protocol, published.host_address, published.host_port)
    for each, bound in spare:
        if bound is not None and (each.protocol, each.host_address, each.host_port) == sought:
            return bound.dup()
    return None


def _close(held: Iterable[_Bound]) -> None:
    for _, bound in held:
        if bound is not None:
            bound.close()


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
