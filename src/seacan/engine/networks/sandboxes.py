"""What running containers have of their networks: planned, made, changed, given back.

    start    plan: addresses and ports ──▸ network.json ──▸ make: interfaces, routes, rules ──▸ shim
    end      rules and ports, interfaces, addresses

network.json in the bundle is written before anything is made, and says what a running container
has: a daemon that takes it over finds there what must not be given to another.
"""

import contextlib
import functools
import secrets
from typing import Final

import anyio
from anyio.abc import TaskGroup
from msgspec.structs import replace

from seacan import errors, log
from seacan.engine.containers.container import NEVER, Container
from seacan.engine.networks import endpoint_settings, interface_sysctls, sandbox_file
from seacan.engine.networks.departures import Departures
from seacan.engine.networks.endpoint_plan import (
    check_mac,
    gateway_of,
    interface_of,
    mac_of,
    member,
    publishing_endpoint,
)
from seacan.engine.networks.networks import Networks
from seacan.engine.networks.publications import Publications
from seacan.engine.networks.resolvers import Resolvers
from seacan.metrics import Timer
from seacan.network import endpoints
from seacan.network.definition import Endpoint, Network, Sandbox
from seacan.network.netlink import Netlink
from seacan.paths import BundleDirectory
from seacan.spec.engine_api import EndpointSettings
from seacan.supervisor import shim_client as supervisor
from seacan.supervisor.launcher_client import Launcher

_FAILED: Final = "failed to set up container networking"


class Sandboxes:
    def __init__(
        self,
        networks: Networks,
        launcher: Launcher,
        tasks: TaskGroup,
        actions: Timer,
    ) -> None:
        self._networks = networks
        self._actions = actions
        self.publications = Publications(networks, launcher, tasks)
        self._resolvers = Resolvers(networks.members, networks.get, tasks)
        self._departures = Departures(tasks, self._unmake, self._give_back)

    # -- start ------------------------------------------------------------------------------------

    async def plan(self, record: Container) -> Sandbox:
        """Take addresses and ports for a container about to start; `leave` gives them back.

        Raises NotFound, Forbidden, Unavailable, Internal in Docker's words.
        """
        try:
            with self._actions.timed("allocate"):
                return await self._plan_patiently(record)
        except errors.SeacanError as err:
            raise err.within(_FAILED) from err

    async def _plan_patiently(self, record: Container) -> Sandbox:
        try:
            return await self._plan(record)
        except errors.SeacanError:
            # One that is about to be given back may have been what it wanted.
            if not await self._departures.wait():
                raise
            return await self._plan(record)

    async def _plan(self, record: Container) -> Sandbox:
        record.sandbox = sandbox = Sandbox(secrets.token_hex(32))
        try:
            for name, settings in record.networks.items():
                network = await self._find(record, name)
                sandbox.endpoints.append(self._endpoint(record, network, settings))
                settings["NetworkID"] = network.id  # as it is shown from now on
            sandbox.published = self.publications.take(record, sandbox)
        except BaseException:
            record.sandbox = None
            self._give_back(sandbox)
            raise
        return sandbox

    async def _find(self, record: Container, name: str) -> Network:
        try:
            network = self._networks.get(name)
        except errors.NotFound as err:
            if record.state.started_at == NEVER:
                raise
            raise errors.NotFound(
                f"could not find a network matching network mode {name}: {err}"
            ) from None
        return await self._networks.ready(network)

    def _endpoint(
        self, record: Container, network: Network, settings: EndpointSettings
    ) -> Endpoint:
        """Take what an endpoint needs."""
        endpoint_id = endpoints.new_id()
        assert record.sandbox is not None
        if not network.has_endpoints:
            return Endpoint(endpoint_id, network.id, network.name, "", "")
        interface = interface_of(network, settings, record.sandbox)
        check_mac(network, settings)
        config = settings.get("IPAMConfig") or {}
        book = self._networks.addresses
        ipv4 = book.take(network, 4, config.get("IPv4Address") or "")
        has_ipv6 = not interface_sysctls.disables_ipv6(settings)
        try:
            ipv6 = book.take(network, 6, config.get("IPv6Address") or "") if has_ipv6 else ""
        except BaseException:
            book.give_back(network.id, [ipv4])
            raise
        return Endpoint(
            id=endpoint_id,
            network_id=network.id,
            network=network.name,
            interface=interface,
            host_interface=endpoints.host_interface(network, endpoint_id),
            mac=mac_of(network, settings, ipv4 or ipv6),
            ipv4=ipv4,
            ipv6=ipv6,
            gateway_ipv4=gateway_of(network, 4),
            gateway_ipv6=gateway_of(network, 6) if has_ipv6 else "",
            priority=settings.get("GwPriority") or 0,
            link_local=endpoint_settings.link_local(settings),
            has_names=network.has_resolver,
        )

    def make(
        self,
        record: Container,
        sandbox: Sandbox,
        network: supervisor.Network | None,
        bundle: BundleDirectory,
    ) -> None:
        """Make what was planned, in the namespace that the container is going to have.

        `network` is None if that is not its own. Blocks. Raises Unavailable, Internal, Unsupported.
        """
        sandbox_file.write(bundle, sandbox)
        if network is None:
            return
        try:
            with Netlink(adopted=network.netlink.dup()) as inside:
                for endpoint in sandbox.endpoints:
                    self._make_endpoint(endpoint, network, inside)
                endpoints.route(Sandbox(""), sandbox, inside)
            if self.has_resolver(sandbox):
                self._resolvers.prepare(record, network)
            if sandbox.published:
                self.publications.set_rules(sandbox)
        except errors.SeacanError as err:
            raise err.within(_FAILED) from err

    def _make_endpoint(
        self, endpoint: Endpoint, network: supervisor.Network, inside: Netlink
    ) -> None:
        if endpoint.interface:
            definition = self._networks.get(endpoint.network_id)
            endpoints.make(definition, endpoint, network.fd, inside)

    def has_resolver(self, sandbox: Sandbox) -> bool:
        """Tell whether what is in a sandbox is told the names of others."""
        return any(
            self._networks.get(endpoint.network_id).has_resolver for endpoint in sandbox.endpoints
        )

    def started(self, record: Container, shim: supervisor.Shim) -> None:
        """Let it be known that a container is in its networks now."""
        if record.sandbox is not None:
            for endpoint in record.sandbox.endpoints:
                self._join(record, endpoint)
            self._resolvers.begin(record, shim)

    def step_started(self, record: Container, shim: supervisor.Shim) -> None:
        """Let the names of others be resolved in a step of a build; nobody is told of it."""
        self._resolvers.begin(record, shim)

    def _join(self, record: Container, endpoint: Endpoint) -> None:
        network = self._networks.get(endpoint.network_id)
        self._networks.members.join(network.id, member(record, endpoint))
        self._networks.tell("connect", network, record.id)

    # -- end --------------------------------------------------------------------------------------

    def ended(self, record: Container, sandbox: Sandbox | None) -> None:
        """Let it be known that a container has left its networks."""
        if sandbox is not None:
            for endpoint in sandbox.endpoints:
                self._tell_left(record, endpoint)

    def _tell_left(self, record: Container, endpoint: Endpoint) -> None:
        with contextlib.suppress(errors.NotFound):
            network = self._networks.get(endpoint.network_id)
            self._networks.tell("disconnect", network, record.id)

    def leave(self, record: Container) -> None:
        """Give back all that a container has of networks, soon. What is gone already is fine."""
        sandbox, record.sandbox = record.sandbox, None
        self._resolvers.end(record)
        if sandbox is not None:
            for endpoint in sandbox.endpoints:
                self._networks.members.leave(endpoint.network_id, record.id)
            self._departures.begin(sandbox)

    async def _unmake(self, sandbox: Sandbox) -> None:
        with self._actions.timed("release"):
            await anyio.to_thread.run_sync(self._unmake_on_host, sandbox)
            await self.publications.relays.end(sandbox)

    def _unmake_on_host(self, sandbox: Sandbox) -> None:
        host_side = self._networks.host_side
        steps = [functools.partial(endpoints.remove_left, sandbox)]
        if sandbox.published:
            steps += [
                functools.partial(host_side.publish, sandbox.id, None),
                functools.partial(host_side.forget_flows, sandbox),
            ]
        for step in steps:
            try:
                step()
            except errors.SeacanError as err:  # the next start of a daemon sees to it
                log.error("network is not given back", sandbox=sandbox.id, error=err)

    def _give_back(self, sandbox: Sandbox) -> None:
        self.publications.release(sandbox)
        for endpoint in sandbox.endpoints:
            self._networks.addresses.give_back(endpoint.network_id, (endpoint.ipv4, endpoint.ipv6))

    # -- taken over -------------------------------------------------------------------------------

    async def adopt(self, record: Container, bundle: BundleDirectory) -> None:
        """Take over what a container has from before this daemon; nothing if it has no bundle."""
        record.sandbox = sandbox = sandbox_file.read(bundle)
        if sandbox is None:
            return
        # What was taken away by a disconnect that did not come to note it is no network of it.
        for name in record.networks.keys() - {endpoint.network for endpoint in sandbox.endpoints}:
            del record.networks[name]
        for endpoint in sandbox.endpoints:
            addresses = (endpoint.ipv4, endpoint.ipv6)
            self._networks.addresses.hold(endpoint.network_id, addresses)
            self._networks.members.join(endpoint.network_id, member(record, endpoint))
        await self.publications.adopt(record, bundle, sandbox)

    async def serve(
        self, record: Container, bundle: BundleDirectory, shim: supervisor.Shim
    ) -> None:
        """Serve a container that was taken over as it was served before: names, ports."""
        try:
            await self._resolvers.adopt(record, shim)
        except errors.SeacanError as err:
            log.error("names are not resolved", id=record.id, error=err)
        await self.serve_ports(record, bundle, shim)

    async def serve_ports(
        self, record: Container, bundle: BundleDirectory, shim: supervisor.Shim
    ) -> None:
        """Have its ports relayed to where they lead now."""
        if record.sandbox is not None:
            try:
                await self.publications.relays.serve(record, record.sandbox, bundle, shim.pid)
            except errors.SeacanError as err:
                log.error("ports are not relayed", id=record.id, error=err)

    async def relay(
        self, record: Container, bundle: BundleDirectory, shim: supervisor.WaitingShim
    ) -> None:
        """Have the ports of a container that is about to start relayed. Raises Unavailable."""

        async def pid() -> int:
            return shim.pid

        if record.sandbox is not None:
            await self.publications.relays.serve(record, record.sandbox, bundle, pid)

    def renamed(self, record: Container) -> None:
        """Follow a container to its new name."""
        if record.sandbox is not None:
            self.publications.renamed(record, record.sandbox)
            for endpoint in record.sandbox.endpoints:
                self._networks.members.join(endpoint.network_id, member(record, endpoint))

    # -- while it runs ----------------------------------------------------------------------------

    async def connect(
        self,
        record: Container,
        bundle: BundleDirectory,
        shim: supervisor.Shim,
        network: Network,
        settings: EndpointSettings,
    ) -> None:
        """Give a running container an interface in one more network; all or nothing."""
        before = record.sandbox
        assert before is not None
        endpoint = self._endpoint(record, await self._networks.ready(network), settings)
        after = replace(before, endpoints=[*before.endpoints, endpoint])
        try:
            with await shim.network() as namespace:
                await anyio.to_thread.run_sync(
                    self._connect, record, bundle, namespace, before, after, endpoint
                )
                undo = functools.partial(
                    self._disconnect, record, bundle, namespace, after, before, endpoint
                )
                await interface_sysctls.set_all(shim, settings, endpoint, undo)
        except BaseException:
            self._networks.addresses.give_back(network.id, (endpoint.ipv4, endpoint.ipv6))
            raise
        record.sandbox = after
        settings["NetworkID"] = network.id
        self._join(record, endpoint)
        self._resolvers.begin(record, shim)

    def _connect(
        self,
        record: Container,
        bundle: BundleDirectory,
        namespace: supervisor.Network,
        before: Sandbox,
        after: Sandbox,
        endpoint: Endpoint,
    ) -> None:
        sandbox_file.write(bundle, after)
        with (
            contextlib.ExitStack() as undo,
            Netlink(adopted=namespace.netlink.dup()) as inside,
        ):
            undo.callback(sandbox_file.write, bundle, before)
            self._make_endpoint(endpoint, namespace, inside)
            undo.callback(endpoints.remove, endpoint, inside)
            endpoints.route(before, after, inside)
            if after.published and publishing_endpoint(before) != publishing_endpoint(after):
                self.publications.set_rules(after)
            if self.has_resolver(after):
                self._resolvers.prepare(record, namespace)
            undo.pop_all()

    async def disconnect(
        self,
        record: Container,
        bundle: BundleDirectory,
        namespace: supervisor.Network,
        endpoint: Endpoint,
    ) -> None:
        """Take an interface away from a running container."""
        before = record.sandbox
        assert before is not None
        after = replace(before, endpoints=[e for e in before.endpoints if e != endpoint])
        await anyio.to_thread.run_sync(
            self._disconnect, record, bundle, namespace, before, after, endpoint
        )
        record.sandbox = after
        self._networks.addresses.give_back(endpoint.network_id, (endpoint.ipv4, endpoint.ipv6))
        self._networks.members.leave(endpoint.network_id, record.id)
        self._tell_left(record, endpoint)

    def _disconnect(
        self,
        record: Container,
        bundle: BundleDirectory,
        namespace: supervisor.Network,
        before: Sandbox,
        after: Sandbox,
        endpoint: Endpoint,
    ) -> None:
        with Netlink(adopted=namespace.netlink.dup()) as inside:
            endpoints.remove(endpoint, inside)
            endpoints.route(before, after, inside)
        if before.published and publishing_endpoint(before) == endpoint:
            self.publications.set_rules(after)
            self._networks.host_side.forget_flows(replace(before, endpoints=[endpoint]))
        sandbox_file.write(bundle, after)
