"""The networks of a daemon: found, created, removed; their addresses.

`none` and `host` need no making. `bridge`, where containers are that ask for nothing, is made when
the first one needs it. The others are made when they are created, and are rows of the database.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

import anyio
from msgspec.structs import replace

from seacan import errors, log
from seacan.engine.containers.container import Container
from seacan.engine.database import Database
from seacan.engine.events.events import Events
from seacan.engine.networks import default_bridge
from seacan.engine.networks import requests as network_requests
from seacan.engine.networks.settings import NO_BRIDGE, NetworkSettings
from seacan.engine.times import rfc3339
from seacan.network import addresses, bridges, host_side
from seacan.network.address_book import AddressBook
from seacan.network.definition import (
    BRIDGE,
    BY_RULES,
    HOST,
    IPVLAN,
    MACVLAN,
    NULL,
    OPTION_PUBLISHED,
    Network,
    NetworkId,
    Subnet,
)
from seacan.network.host_side import HostSide
from seacan.network.links import IPNetwork, index_of
from seacan.network.members import Members
from seacan.spec.engine_api import NetworkCreate

_ID_SHOWN: Final = 12  # digits


class Networks:
    def __init__(
        self,
        settings: NetworkSettings,
        daemon_id: str,
        created_at: str,
        database: Database,
        events: Events,
    ) -> None:
        """`created_at` is when the data root was made, and its first networks with it. Blocks."""
        self.host_side = HostSide(
            settings.owner,
            settings.table,
            forwards=settings.ip_forward,
            makes_rules=settings.makes_rules,
        )
        self.members = Members()
        self.addresses = AddressBook()
        self._settings = settings
        self._database = database
        self._events = events
        self._changing = anyio.Lock()
        self._networks: dict[str, Network] = {}
        for network in database.networks():
            self._take_in(network)
        for name, driver in (("none", NULL), ("host", HOST)):
            network_id = _id(daemon_id, name)
            self._take_in(Network(network_id, name, driver, created_at, is_predefined=True))
        self._take_in_bridge(_id(daemon_id, "bridge"), created_at)

    def _take_in(self, network: Network) -> None:
        self._networks[network.id] = network
        self.addresses.open(network)

    # -- found ------------------------------------------------------------------------------------

    def list(self) -> Sequence[Network]:
        return [*self._networks.values()]

    def get(self, ref: str) -> Network:
        """Return the network by its name, its id, or a start of the id. Raises NotFound."""
        known = self._networks.values()
        named = [network for network in known if ref in (network.name, network.id)]
        found = named or [network for network in known if ref and network.id.startswith(ref)]
        if not found:
            raise errors.NotFound(f"network {ref} not found")
        if len(found) > 1:
            raise errors.InvalidArgument(
                f"network {ref} is ambiguous ({len(found)} matches found on ID)"
            )
        return found[0]

    def of(self, container: Container) -> Sequence[Network]:
        """Return the networks that a container is in while it runs; of another's namespace none."""
        found = []
        for name in container.networks:
            try:
                found.append(self.get(name))
            except errors.NotFound:
                continue  # removed while the container did not run
        return found

    # -- the default one --------------------------------------------------------------------------

    @property
    def host_gateways(self) -> Sequence[str]:
        """The host's addresses for containers, which `host-gateway` stands for."""
        bridges_ = (each for each in self._networks.values() if each.is_default_bridge)
        gateways = [subnet.gateway for bridge in bridges_ for subnet in bridge.subnets]
        return self._settings.host_gateways or gateways

    @property
    def default(self) -> str:
        """The name of the network of those who ask for none."""
        return "none" if self._settings.bridge == NO_BRIDGE else "bridge"

    def _take_in_bridge(self, network_id: NetworkId, created_at: str) -> None:
        kept = self._networks.pop(network_id, None)
        if self._settings.bridge == NO_BRIDGE:
            return
        bridge = default_bridge.define(self._settings, network_id, created_at, kept)
        bridge = replace(bridge, options={**bridge.options, **self._publishing_options()})
        with host_side.claiming_addresses():
            bridge = self._with_subnets(bridge)
        if bridge != kept:
            self._database.save_network(bridge)
        self._take_in(bridge)

    def _publishing_options(self) -> dict[str, str]:
        """Return what the daemon's flag says to networks that say nothing themselves."""
        way = self._settings.published_ports
        return {OPTION_PUBLISHED: way} if way != BY_RULES else {}

    # -- made and removed -------------------------------------------------------------------------

    async def create(self, request: NetworkCreate) -> Network:
        """Make a network. Raises Conflict if there is one of that name, and what define raises."""
        defaults = self._settings.default_options.get(request.get("Driver") or BRIDGE, {})
        asked: NetworkCreate = {
            **request,
            "Options": {**defaults, **(request.get("Options") or {})},
        }
        network = network_requests.define(asked, secrets.token_hex(32), rfc3339(time.time_ns()))
        if network.driver == BRIDGE:
            options = {**self._publishing_options(), **network.options}
            network = replace(network, options=options)
        async with self._changing:
            if any(network.name == other.name for other in self._networks.values()):
                raise errors.Conflict(f"network with name {network.name} already exists")
            network = await anyio.to_thread.run_sync(self._make_new, network)
            self._take_in(network)
        self.tell("create", network)
        return network

    def _make_new(self, network: Network) -> Network:
        """Choose what is left open, write the row, and make it; all or nothing."""
        network = self._with_parent(network)
        with host_side.claiming_addresses():
            network = self._with_subnets(network)
            self._database.save_network(network)
            try:
                self.host_side.make(network)
            except BaseException:
                self.host_side.remove(network)
                self._database.remove_network(network.id)
                raise
        return network

    def _with_parent(self, network: Network) -> Network:
        """Return the network knowing whether its interface is its own to make and to remove."""
        exists = bool(index_of(network.interface))
        if network.driver in (MACVLAN, IPVLAN):
            parent, dot, number = network.interface.rpartition(".")
            is_vlan = dot and number.isdecimal() and index_of(parent)
            if network.options.get("parent") and not (exists or is_vlan):
                raise errors.InvalidArgument(
                    f"invalid subinterface vlan name {network.interface}, "
                    "example formatting is eth0.10"
                )
        for other in self._networks.values():
            if other.interface == network.interface:
                if network.driver == other.driver == BRIDGE:
                    raise errors.Conflict(
                        f"bridge name {network.interface} is that of network {other.name}"
                    )
                raise errors.Conflict(
                    f"network {other.name} is already using parent interface {network.interface}"
                )
        return replace(network, made_parent=not exists)

    def _with_subnets(self, network: Network) -> Network:
        ours = [
            subnet.network
            for other in self._networks.values()
            if other.id != network.id
            for subnet in other.subnets
        ]
        for subnet in network.subnets:
            if any(network_requests.overlaps(subnet.network, other) for other in ours):
                raise errors.Forbidden(
                    "invalid pool request: Pool overlaps with other one on this address space"
                )
        taken = [*ours, *host_side.routed_subnets()]
        wanted = [4] * network.has_ipv4 + [6] * network.has_ipv6
        chosen = [
            self._choose(version, taken, has_gateway=network.has_gateway(version))
            for version in wanted
            if network.subnet(version) is None
        ]
        return replace(network, subnets=[*network.subnets, *chosen])

    def _choose(self, version: int, taken: Sequence[IPNetwork], *, has_gateway: bool) -> Subnet:
        pools = self._settings.all_pools
        subnet = addresses.choose_subnet(pools, version, taken, self._settings.pool_offset)
        return Subnet(str(subnet), str(addresses.first_host(subnet)) if has_gateway else "")

    def _ensure(self, network: Network) -> Network:
        """Make the network on the host unless somebody just has; return it as it is. Blocks."""
        with host_side.claiming_addresses():
            if bridges.is_present(network):
                return self._networks[network.id]
            if network.is_default_bridge and self._is_taken(network):
                asked = [subnet for subnet in network.subnets if subnet.is_asked]
                network = self._with_subnets(replace(network, subnets=asked))
                self._database.save_network(network)
                self._take_in(network)
            self.host_side.make(network)
        return network

    async def ready(self, network: Network) -> Network:
        """Return the network, made if it was not there."""
        if not network.has_endpoints or bridges.is_present(network):
            return network
        return await anyio.to_thread.run_sync(self._ensure, network)

    def _is_taken(self, network: Network) -> bool:
        """Tell whether somebody else has come to use its addresses before it was first made."""
        routed = host_side.routed_subnets()
        return any(
            network_requests.overlaps(subnet.network, other)
            for subnet in network.subnets
            if not subnet.is_asked
            for other in routed
        )

    async def remove(self, ref: str) -> None:
        """Remove a network. Raises Forbidden while a container runs in it, or for a default one."""
        async with self._changing:
            network = self.get(ref)
            if network.is_predefined:
                raise errors.Forbidden(
                    f"{network.name} is a pre-defined network and cannot be removed"
                )
            if inside := self.members.of(network.id):
                shown = (f'name:"{m.names[0]}" id:"{m.endpoint_id[:_ID_SHOWN]}"' for m in inside)
                raise errors.Forbidden(
                    f"error while removing network: network {network.name} has active endpoints "
                    f"({' '.join(shown)})"
                )
            await anyio.to_thread.run_sync(self._remove, network)
        self.tell("destroy", network)

    def _remove(self, network: Network) -> None:
        # The row goes last: a network without one would be nobody's.
        self.host_side.remove(network)
        self._database.remove_network(network.id)
        del self._networks[network.id]
        self.addresses.close(network)

    async def prune(self, is_wanted: Callable[[Network], bool]) -> Sequence[str]:
        """Remove the networks that no container runs in; return their names."""
        pruned = []
        for network in self.list():
            if network.is_predefined or self.members.of(network.id) or not is_wanted(network):
                continue
            try:
                await self.remove(network.id)
            except errors.SeacanError as err:
                log.warn("network is not pruned", name=network.name, error=err)
                continue
            pruned.append(network.name)
        return pruned

    def tell(self, action: str, network: Network, container_id: str = "") -> None:
        """Publish that this happened to a network, with a container if there is one."""
        told = {"container": container_id} if container_id else {}
        told |= {"name": network.name, "type": network.driver}
        self._events.append("network", action, network.id, told)


def _id(daemon_id: str, name: str) -> NetworkId:
    return NetworkId(hashlib.sha256(f"{daemon_id} {name}".encode()).hexdigest())
