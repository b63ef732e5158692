"""The resolvers of running containers: at 127.0.0.11 in networks that users have defined.

    start    prepare: sockets in the container's namespace ──▸ begin: they are served ──▸ end
    taken over from another daemon: adopt, if that one had prepared them; the shim has kept them

What others are called follows from the members of the networks; where else to ask, from what the
container was created with, or from the host's resolv.conf as it is when somebody asks.
"""

import contextlib
import functools
import socket
from collections.abc import Callable, Sequence
from typing import Final

import anyio
import msgspec
from anyio.abc import TaskGroup

from seacan import errors, log
from seacan.engine.containers.container import Container
from seacan.network.definition import Network
from seacan.network.dns import answers, messages, redirect, upstreams
from seacan.network.dns.answers import Asker
from seacan.network.dns.messages import Question, Record
from seacan.network.dns.resolver import Resolver
from seacan.network.dns.upstreams import Server
from seacan.network.members import Members
from seacan.network.resolv_conf import HostServers
from seacan.supervisor import shim_client as supervisor

_NDOTS: Final = "ndots:"
# Of all containers, each with up to three sockets: descriptors are needed for other things, too.
_FORWARDED_LIMIT: Final = 200


class _Serving(msgspec.Struct):
    udp: socket.socket
    tcp: socket.socket
    scope: anyio.CancelScope | None = None


class Resolvers:
    def __init__(self, members: Members, find: Callable[[str], Network], tasks: TaskGroup) -> None:
        """`find` returns a network by its id; raises NotFound."""
        self._members = members
        self._find = find
        self._tasks = tasks
        self._host_servers = HostServers()
        self._serving: dict[str, _Serving] = {}
        self._forwarded = 0

    def prepare(self, record: Container, network: supervisor.Network) -> None:
        """Have queries of the container get to sockets, which hold them; `begin` is to follow.

        Nothing is done if they do already. Raises Unavailable.
        """
        if record.id not in self._serving:
            redirect.bind(network.udp, network.tcp, network.netfilter)
            self._serving[record.id] = _Serving(network.udp.dup(), network.tcp.dup())

    def begin(self, record: Container, shim: supervisor.Shim) -> None:
        """Serve a running container, if anything is prepared for it."""
        serving = self._serving.get(record.id)
        if serving is not None and serving.scope is None:
            serving.scope = anyio.CancelScope()
            self._tasks.start_soon(self._serve, record, shim, serving)

    async def adopt(self, record: Container, shim: supervisor.Shim) -> None:
        """Go on where the daemon before this one left off."""
        sandbox = record.sandbox
        if sandbox is None or not any(endpoint.interface for endpoint in sandbox.endpoints):
            return
        with await shim.network() as network:
            if redirect.is_bound(network.udp):
                self.prepare(record, network)
        self.begin(record, shim)

    def end(self, record: Container) -> None:
        """Serve a container no longer; what is gone already is fine."""
        serving = self._serving.pop(record.id, None)
        if serving is None:
            return
        if serving.scope is not None:
            serving.scope.cancel()
        else:
            serving.udp.close()
            serving.tcp.close()

    async def _serve(self, record: Container, shim: supervisor.Shim, serving: _Serving) -> None:
        resolver = Resolver(
            serving.udp,
            serving.tcp,
            functools.partial(self._answer, record),
            functools.partial(self._forward, record, shim),
        )
        assert serving.scope is not None
        try:
            with serving.scope:
                await resolver.serve()
        finally:
            resolver.close()

    # -- what is answered -------------------------------------------------------------------------

    def _answer(self, record: Container, question: Question) -> Sequence[Record] | None:
        networks = [(n.id, n.name) for n in self._networks(record) if n.has_resolver]
        found = answers.answer(self._members, Asker(record.id, networks), question)
        if found is None and _waits_for_a_search(record, question):
            return []
        return found

    def _networks(self, record: Container) -> Sequence[Network]:
        """Return the networks that a container is in, in the order of looking for names."""
        endpoints = record.sandbox.endpoints if record.sandbox is not None else []
        found = []
        for endpoint in sorted(endpoints, key=lambda each: (-each.priority, each.network)):
            with contextlib.suppress(errors.NotFound):  # it is being taken away
                found.append(self._find(endpoint.network_id))
        return sorted(found, key=lambda network: network.internal)

    async def _forward(
        self, record: Container, shim: supervisor.Shim, query: bytes, over_tcp: bool
    ) -> bytes:
        """Have somebody else answer, unless nobody outside is to learn what is asked."""
        is_internal = all(network.internal for network in self._networks(record))
        if is_internal or self._forwarded >= _FORWARDED_LIMIT:
            return b""
        self._forwarded += 1
        try:
            return await self._ask(record, shim, query, over_tcp=over_tcp)
        finally:
            self._forwarded -= 1

    async def _ask(
        self, record: Container, shim: supervisor.Shim, query: bytes, *, over_tcp: bool
    ) -> bytes:
        # A container's own servers may be in its networks; the host's may be on its loopback.
        own = [a for a in record.host_config.get("Dns") or [] if a != redirect.ADDRESS]
        open_socket = functools.partial(_open_inside, shim) if own else upstreams.open_here
        try:
            addresses = own or self._host_servers.now()
        except (errors.SeacanError, OSError) as err:
            log.error("servers of names are not read", error=err)
            return b""
        servers = [Server(address) for address in addresses]
        return await upstreams.ask(query, servers, open_socket, over_tcp=over_tcp)


async def _open_inside(shim: supervisor.Shim, family: int, kind: int) -> socket.socket:
    try:
        return await shim.open_socket(family, kind)
    except errors.SeacanError as err:  # it has just ended
        raise OSError(str(err)) from err


def _waits_for_a_search(record: Container, question: Question) -> bool:
    """Tell whether a name is to be asked for again with a domain behind it, before anywhere else.

    So it is where the container was created with an option that says so.
    """
    if "." in question.name or question.type not in (messages.A, messages.AAAA):
        return False
    options = record.host_config.get("DnsOptions") or []
    values = [option.removeprefix(_NDOTS) for option in options if option.startswith(_NDOTS)]
    return any(value.isdecimal() and value.strip("0") for value in values)
