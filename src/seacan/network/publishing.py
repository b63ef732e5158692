"""Published ports: which ports of the host are given, and to whom.

A port is held by a socket, so that no other program gets it. The kernel's rules take packets to the
container before they come to it; what comes all the same, a relay serves (relay/): on IPv6, where
the container has no such address, or from ::1; all of it in a network that wants it so.
"""

import contextlib
import errno
import functools
import resource
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from seacan.errors import Internal, Unsupported
from seacan.network import port_owner
from seacan.network.definition import Endpoint, Network, Published
from seacan.network.elements import Forwarding
from seacan.network.port_holders import Bound, PortHolders
from seacan.network.wishes import Wish, share_out

_ANYWHERE: Final = "0.0.0.0"
_RELAYED: Final = ("tcp", "udp")


# --- given ------------------------------------------------------------------------------------


_HostSide = tuple[str, str, int]  # protocol, address, port
_SOCKETS_OF_ONE: Final = 2  # IPv4, IPv6


class Ports:
    """The ports of the host that containers of this daemon have; used in one thread."""

    def __init__(self) -> None:
        self._held: dict[str, list[Bound]] = {}
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
        shared = {published for share in shares for published in share}
        kept = [bound for bound in before if bound[0] in shared]
        spare = [bound for bound in before if bound[0] not in shared]
        places = {_host_side(published): bound for published, bound in spare}
        taken: list[Bound] = []
        try:
            self._refuse_too_many(holder, wishes)
            self._held[holder] = kept
            holders = PortHolders(self._held)
            for wish, share in zip(wishes, shares, strict=True):
                if not share:
                    more = self._take(wish, network, endpoint, places, holders)
                    holders.add(holder, more)
                    taken += more
            self._held[holder] = [*before, *taken]
            yield [published for published, _ in (*kept, *taken)]
        except BaseException:
            self._held[holder] = before
            _close(taken)
            raise
        self._held[holder] = [*kept, *taken]
        _close(spare)

    def _refuse_too_many(self, holder: str, wishes: Sequence[Wish]) -> None:
        """Raise Internal if what is left of the descriptors would be too few for all else."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4
        others = sum(len(held) for other, held in self._held.items() if other != holder)
        if others + len(wishes) * _SOCKETS_OF_ONE > most:
            raise Internal(
                f"publish {len(wishes)} ports: the daemon may have {most} sockets for ports, "
                f"{_SOCKETS_OF_ONE} for each, and others have {others}"
            )

    def hold(
        self,
        holder: str,
        name: str,
        published: Sequence[Published],
        relayed: Collection[Published] = (),
    ) -> list[Published]:
        """Take the ports of a container that runs already, and all that its relay has.

        Return those that others have by now.
        """
        lost = []
        self._names[holder] = name
        known = {(_host_side(each), each.container_port) for each in published}
        more = [e for e in relayed if (_host_side(e), e.container_port) not in known]
        held = self._held[holder] = [(each, None) for each in more]
        there = {_host_side(each) for each in relayed}
        for each in published:
            try:
                held.append((each, None if _host_side(each) in there else _bind(each)))
            except OSError:
                held.append((each, None))
                lost.append(each)
        return lost

    def take_back(self, holder: str) -> None:
        """Take those ports that somebody else had, if that has gone."""
        held = self._held.get(holder, [])
        for index, (published, bound) in enumerate(held):
            if bound is None:
                with contextlib.suppress(OSError):
                    held[index] = (published, _bind(published))

    def held(self, holder: str) -> Sequence[Bound]:
        """Return the ports of a container, with their sockets as far as they are here."""
        return [*self._held.get(holder, ())]

    def release(self, holder: str) -> None:
        self._names.pop(holder, None)
        _close(self._held.pop(holder, []))

    def rename(self, holder: str, name: str) -> None:
        if holder in self._names:
            self._names[holder] = name

    def _take(
        self,
        wish: Wish,
        network: Network,
        endpoint: Endpoint,
        spare: Mapping[_HostSide, socket.socket | None],
        holders: PortHolders,
    ) -> list[Bound]:
        """Take one port of the host, the same on each address that it is wanted on.

        It may be one of `spare`, which the container had for something else.
        """
        addresses = _addresses(wish, network, endpoint)
        failure: OSError | None = None
        wanted = [_published(wish, address, 0, network) for address in addresses]
        for port in wish.host_ports or holders.untried(wish.protocol):
            wanted = [_published(wish, address, port, network) for address in addresses]
            try:
                return self._bind_all(wanted, spare, holders)
            except OSError as err:
                failure = err
                if err.errno != errno.EADDRINUSE:
                    break
        raise self._refusal(wish, wanted[0], endpoint, failure, holders)

    def _bind_all(
        self,
        wanted: Sequence[Published],
        spare: Mapping[_HostSide, socket.socket | None],
        holders: PortHolders,
    ) -> list[Bound]:
        with contextlib.ExitStack() as undo:
            taken: list[Bound] = []
            for published in wanted:
                if holders.find(published):
                    raise OSError(errno.EADDRINUSE, "port is already allocated")
                place = _host_side(published)
                if place in spare:
                    bound = again.dup() if (again := spare[place]) is not None else None
                else:
                    bound = _bind(published)
                taken.append((published, bound))
                if bound is not None:
                    undo.callback(bound.close)
            undo.pop_all()
        return taken

    def _refusal(
        self,
        wish: Wish,
        wanted: Published,
        endpoint: Endpoint,
        failure: OSError | None,
        holders: PortHolders,
    ) -> Internal:
        place = _place(wanted)
        if found := holders.find(wanted):
            holder, theirs = found
            return Internal(
                f"Bind for {_place(theirs)} failed: port is already allocated",
                f" (container {self._names[holder]} has it)",
            )
        words = (failure.strerror or str(failure)).lower() if failure else "no port"
        owner = ""
        if failure is not None and failure.errno == errno.EADDRINUSE:
            owner = port_owner.describe(wanted.protocol, wanted.host_port)
        address = endpoint.address_ipv6 if ":" in wanted.host_address else endpoint.address_ipv4
        target = f"{_bracketed(address)}:{wish.container_port}/{wish.protocol}"
        return Internal(f"failed to bind host port for {place}:{target}: {words}", owner)


def _published(wish: Wish, address: str, port: int, network: Network) -> Published:
    version = 6 if ":" in address else 4
    if network.is_routed(version):
        anywhere = "::" if version == 6 else _ANYWHERE
        return Published(wish.protocol, wish.container_port, anywhere, 0, is_routed=True)
    by_relay = network.publishes_by_relay
    return Published(wish.protocol, wish.container_port, address, port, by_relay)


def _addresses(wish: Wish, network: Network, endpoint: Endpoint) -> list[str]:
    """Return the host's addresses to publish on.

    They are of a version that the container has; what is relayed is published on IPv6 as well.
    """
    can_be_relayed = wish.protocol in _RELAYED
    if network.publishes_by_relay and not can_be_relayed:
        raise Unsupported(
            f"publish port {wish.container_port}/{wish.protocol} in network {network.name}: "
            f"its ports are relayed, and a relay carries {' and '.join(_RELAYED)} alone"
        )
    if wish.host_address:
        is_ipv6 = ":" in wish.host_address
        has_it = (endpoint.ipv6 or can_be_relayed) if is_ipv6 else endpoint.ipv4
        if not has_it:
            version = 6 if ":" in wish.host_address else 4
            raise Unsupported(
                f"publish port {wish.container_port} on {wish.host_address}: "
                f"the container has no IPv{version} address in network {network.name}"
            )
        return [wish.host_address]
    found = [network.default_binding(4)] if endpoint.ipv4 else []
    if endpoint.ipv6 or (can_be_relayed and found == [_ANYWHERE] and has_ipv6()):
        found.append(network.default_binding(6))
    return found


@functools.cache
def has_ipv6() -> bool:
    """Tell whether there is IPv6 on this host."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _bind(published: Published) -> socket.socket | None:
    """Return a socket that has the port, if it is one of the host.

    None, too, for a protocol that this kernel has no sockets of.
    """
    if published.is_routed:
        return None
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
        if published.protocol == "tcp":
            # Connections of the one who had it before may linger.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((published.host_address, published.host_port))
        if published.protocol == "tcp":
            # Else others who ask for the same could have it.
            bound.listen()
    except BaseException:
        bound.close()
        raise
    return bound


def _host_side(published: Published) -> _HostSide:
    return published.protocol, published.host_address, published.host_port


def _close(held: Iterable[Bound]) -> None:
    for _, bound in held:
        if bound is not None:
            bound.close()


def _place(published: Published) -> str:
    return f"{_bracketed(published.host_address)}:{published.host_port}"


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


# --- carried out ------------------------------------------------------------------------------


def forwardings(published: Sequence[Published], endpoint: Endpoint) -> list[Forwarding]:
    """Return how packets to the published ports come to `endpoint`, as far as rules lead them."""
    return [
        Forwarding(
            each.protocol,
            each.host_address,
            0 if each.by_relay else each.host_port,
            address,
            each.container_port,
        )
        for each in published
        if (address := _address(each, endpoint))
    ]


def is_relayed(published: Published) -> bool:
    """Tell whether a relay serves what comes to the socket of a port."""
    return published.protocol in _RELAYED and not published.is_routed


def _address(published: Published, endpoint: Endpoint) -> str:
    return endpoint.address_ipv6 if ":" in published.host_address else endpoint.address_ipv4


def by_port(published: Iterable[Published]) -> Iterator[tuple[str, list[Published]]]:
    """Yield each port of the container, as `80/tcp`, with where it is published."""
    groups: dict[str, list[Published]] = {}
    for each in published:
        groups.setdefault(f"{each.container_port}/{each.protocol}", []).append(each)
    yield from groups.items()
