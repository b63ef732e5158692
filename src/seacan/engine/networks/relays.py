"""The relays of running containers: started, told of changes, started again if they die.

A relay has the sockets of a container's published ports, so that no other program gets these while
there is no daemon, and carries what the kernel's rules do not lead to the container.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
import msgspec
from anyio.abc import TaskGroup
from msgspec import field

from seacan import errors, log
from seacan.engine.containers.container import Container
from seacan.engine.networks.endpoint_plan import publishing_endpoint
from seacan.network.definition import Endpoint, Published, Sandbox
from seacan.network.publishing import Ports, is_relayed
from seacan.paths import BundleDirectory
from seacan.relay import client
from seacan.relay.client import Relay
from seacan.relay.words import Place
from seacan.supervisor.launcher_client import Launcher

_DEPARTURE_S: Final = 3.0
_PAUSE_S: Final = 1.0

# Returns the pid of a container's shim. Raises Conflict if it has ended.
FindShim = Callable[[], Awaitable[int]]


class _Served(msgspec.Struct):
    """The relay of one sandbox, if there is one; told one thing at a time."""

    relay: Relay | None = None
    lock: anyio.Lock = field(default_factory=anyio.Lock)


class Relays:
    def __init__(self, launcher: Launcher, tasks: TaskGroup, ports: Ports) -> None:
        self._launcher = launcher
        self._tasks = tasks
        self._ports = ports
        self._served: dict[str, _Served] = {}

    async def serve(
        self, record: Container, sandbox: Sandbox, bundle: BundleDirectory, find_shim: FindShim
    ) -> None:
        """Have the relay of `record` serve the ports of `sandbox`, as they are now, and no others.

        Whatever it had before, also from before this daemon; it is started if there is none. Raises
        Unavailable, Internal; Conflict if the container has ended.
        """
        if not _places(sandbox) and sandbox.id not in self._served:
            return
        served = self._served.setdefault(sandbox.id, _Served())
        async with served.lock:
            if served.relay is None:
                served.relay = await client.find(bundle)
                if served.relay is None:
                    served.relay = await client.start(self._launcher, bundle, await find_shim())
                self._tasks.start_soon(self._follow, record, bundle, find_shim, served.relay)
            await self._tell(served.relay, sandbox)

    async def _tell(self, relay: Relay, sandbox: Sandbox) -> None:
        there = {_key(place) for place in await relay.places()}
        endpoint = publishing_endpoint(sandbox)
        wanted = {*sandbox.published}
        new = [
            (_place(published, endpoint), bound)
            for published, bound in self._ports.held(sandbox.id)
            if bound is not None
            and published in wanted
            and _key(_place(published, endpoint)) not in there
        ]
        await relay.give([place for place, _ in new], [bound for _, bound in new])
        await relay.keep(_places(sandbox))

    async def _follow(
        self, record: Container, bundle: BundleDirectory, find_shim: FindShim, relay: Relay
    ) -> None:
        """Start another one where this one dies before its container."""
        await relay.follow()
        await anyio.sleep(_PAUSE_S)  # most end with their container
        sandbox = record.sandbox
        served = self._served.get(sandbox.id) if sandbox is not None else None
        if sandbox is None or served is None or served.relay is not relay:
            return
        log.warn("relay ended before its container", id=record.id)
        served.relay = None
        self._ports.take_back(sandbox.id)
        try:
            await self.serve(record, sandbox, bundle, find_shim)
        except errors.SeacanError as err:
            log.error("ports are not relayed", id=record.id, error=err)

    async def end(self, sandbox: Sandbox) -> None:
        """Wait until a relay has let go of its ports, as it does by itself: its shim has ended."""
        served = self._served.pop(sandbox.id, None)
        relay = served.relay if served is not None else None
        if relay is not None and not await relay.wait_gone(_DEPARTURE_S):
            log.error("relay does not end", sandbox=sandbox.id)


async def relayed_before(bundle: BundleDirectory) -> Sequence[Place]:
    """Return what the relay of a bundle has, from before this daemon."""
    relay = await client.find(bundle)
    if relay is None:
        return ()
    try:
        return await relay.places()
    except errors.SeacanError:  # it ends just now
        return ()
    finally:
        relay.close()


def _places(sandbox: Sandbox) -> list[Place]:
    """Return the places of the host that a sandbox has: of routed ports there are none."""
    endpoint = publishing_endpoint(sandbox)
    return [_place(each, endpoint) for each in sandbox.published if not each.is_routed]


def _place(published: Published, endpoint: Endpoint | None) -> Place:
    target = ""
    if endpoint is not None and is_relayed(published):
        addresses = (endpoint.address_ipv4, endpoint.address_ipv6)
        own, other = addresses[::-1] if ":" in published.host_address else addresses
        target = own or other
    return Place(
        protocol=published.protocol,
        address=published.host_address,
        port=published.host_port,
        target=target,
        target_port=published.container_port,
    )


def _key(place: Place) -> tuple[str, str, int]:
    return place["protocol"], place["address"], place["port"]
