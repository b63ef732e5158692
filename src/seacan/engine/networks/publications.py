"""The published ports of running containers: taken, changed while they run, given back.

Who changes them takes the new ones first, then writes network.json, then the rules in one step,
and tells the relay; the record follows. What a daemon that dies in between leaves is set right by
the record: a port that it does not want is given back, one that it wants is taken.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

import anyio
from anyio.abc import TaskGroup
from msgspec.structs import replace

from seacan import errors, log
from seacan.engine.containers.container import Container
from seacan.engine.networks import sandbox_file
from seacan.engine.networks.endpoint_plan import publishing_endpoint
from seacan.engine.networks.networks import Networks
from seacan.engine.networks.relays import Relays, relayed_before
from seacan.network import endpoints, publishing
from seacan.network.definition import Network, Published, Sandbox
from seacan.network.publishing import Ports
from seacan.network.wishes import Wish, parse_wishes
from seacan.paths import BundleDirectory
from seacan.spec.engine_api import HostConfig
from seacan.supervisor import shim_client as supervisor
from seacan.supervisor.launcher_client import Launcher


class Publications:
    def __init__(self, networks: Networks, launcher: Launcher, tasks: TaskGroup) -> None:
        self._networks = networks
        self._ports = Ports()
        self.relays = Relays(launcher, tasks, self._ports)

    def take(self, record: Container, sandbox: Sandbox) -> list[Published]:
        """Take the ports that a container publishes, if it is in a network where that is done.

        Raises Unsupported, Internal in Docker's words.
        """
        wanted = wishes(record, record.host_config)
        endpoint = publishing_endpoint(sandbox)
        if not wanted or endpoint is None:
            return []
        network = self._networks.get(endpoint.network_id)
        try:
            return self._ports.publish(sandbox.id, record.name, wanted, network, endpoint)
        except errors.SeacanError as err:
            raise err.within(
                "driver failed programming external connectivity on endpoint "
                f"{record.name} ({endpoint.id})"
            ) from err

    def set_rules(self, sandbox: Sandbox) -> None:
        """Have packets to its ports come to a sandbox. Blocks. Raises Unavailable, Internal."""
        endpoint = publishing_endpoint(sandbox)
        forwardings = publishing.forwardings(sandbox.published, endpoint) if endpoint else []
        self._networks.host_side.publish(sandbox.id, forwardings)
        if endpoint is not None:
            endpoints.let_reach_itself(endpoint)

    def release(self, sandbox: Sandbox) -> None:
        self._ports.release(sandbox.id)

    def renamed(self, record: Container, sandbox: Sandbox) -> None:
        self._ports.rename(sandbox.id, record.name)

    # -- while it runs ----------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def changing(
        self,
        record: Container,
        bundle: BundleDirectory,
        shim: supervisor.Shim,
        host_config: HostConfig,
    ) -> AsyncIterator[None]:
        """Have a running container publish what `host_config` says, instead of what its own says.

        If the body fails, all is as before. Raises Conflict if it is in no network where that is
        done; Unsupported, Internal in Docker's words.
        """
        before = record.sandbox
        assert before is not None
        wanted = wishes(record, host_config)
        endpoint = publishing_endpoint(before)
        if endpoint is None:
            raise errors.Conflict("it is in no network that publishes ports")
        network = self._networks.get(endpoint.network_id)
        with self._ports.changing(before.id, record.name, wanted, network, endpoint) as published:
            after = replace(before, published=published)
            try:
                await anyio.to_thread.run_sync(self._change, bundle, before, after)
                await self.relays.serve(record, after, bundle, shim.pid)
                yield
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._change, bundle, after, before)
                    await self.relays.serve(record, before, bundle, shim.pid)
                raise
            record.sandbox = after

    def _change(self, bundle: BundleDirectory, before: Sandbox, after: Sandbox) -> None:
        sandbox_file.write(bundle, after)
        self.set_rules(after)
        if any(each.protocol == "udp" for each in {*before.published} ^ {*after.published}):
            self._networks.host_side.forget_flows(before)

    # -- taken over -------------------------------------------------------------------------------

    async def adopt(self, record: Container, bundle: BundleDirectory, sandbox: Sandbox) -> None:
        """Take over the ports of a container from before this daemon, as its record wants them."""
        network = self._network(sandbox)
        relayed = [
            Published(
                place["protocol"],
                place["target_port"],
                place["address"],
                place["port"],
                network is not None and network.publishes_by_relay,
            )
            for place in await relayed_before(bundle)
        ]
        for lost in self._ports.hold(sandbox.id, record.name, sandbox.published, relayed):
            log.warn("port of a running container is another program's", port=lost.host_port)
        try:
            published = self._set_right(record, sandbox)
        except errors.SeacanError as err:
            log.error("ports of a running container are not published", id=record.id, error=err)
            return
        if published != sandbox.published:
            sandbox.published = [*published]
            sandbox_file.write(bundle, sandbox)

    def _network(self, sandbox: Sandbox) -> Network | None:
        """Return the network that a sandbox publishes ports in; None if there is none."""
        endpoint = publishing_endpoint(sandbox)
        return self._networks.get(endpoint.network_id) if endpoint is not None else None

    def _set_right(self, record: Container, sandbox: Sandbox) -> Sequence[Published]:
        endpoint = publishing_endpoint(sandbox)
        if endpoint is None:
            return sandbox.published
        network = self._networks.get(endpoint.network_id)
        wanted = wishes(record, record.host_config)
        with self._ports.changing(sandbox.id, record.name, wanted, network, endpoint) as published:
            return published


def wishes(record: Container, host_config: HostConfig) -> list[Wish]:
    """Return which ports a container wants, with `host_config`. Raises InvalidArgument."""
    return parse_wishes(
        host_config.get("PortBindings") or {},
        record.config.get("ExposedPorts") or {},
        all_exposed=bool(host_config.get("PublishAllPorts")),
    )
