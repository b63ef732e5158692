"""Connecting a container to one more network, and disconnecting it: running or not."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import anyio

from seacan import errors
from seacan.engine.bundle.namespaces import HOST, NONE, other_container
from seacan.engine.containers.container import Container
from seacan.engine.context import Context
from seacan.engine.networks import endpoint_settings
from seacan.engine.networks import etc_files as network_files
from seacan.engine.running.running import Entry
from seacan.network.definition import HOST as HOST_DRIVER
from seacan.network.definition import NULL, Endpoint, Network, Sandbox
from seacan.spec.engine_api import EndpointSettings


async def connect(context: Context, entry: Entry, ref: str, settings: EndpointSettings) -> None:
    """Connect a container. Raises InvalidArgument, NotFound, Forbidden in Docker's words."""
    network = context.networks.get(ref)
    asked = endpoint_settings.asked(settings)
    async with _changing(entry) as record:
        _check(record, network)
        endpoint_settings.check(asked, network)
        if network.name in record.networks:
            raise errors.Forbidden(
                f"endpoint with name {record.name} already exists in network {network.name}"
            )
        record.networks[network.name], before = asked, record.sandbox
        try:
            if entry.shim is not None and record.sandbox is not None:
                await context.sandboxes.connect(record, entry.bundle, entry.shim, network, asked)
                await context.sandboxes.serve_ports(record, entry.bundle, entry.shim)
                await _write_hosts(context, record, before)
                await _ask_resolver(context, record)
        except BaseException:
            del record.networks[network.name]
            raise
        await entry.save()


async def disconnect(context: Context, entry: Entry, ref: str) -> None:
    """Disconnect a container. Raises InvalidArgument, NotFound, Internal in Docker's words."""
    async with _changing(entry) as record:
        name = _name_of(context, record, ref)
        if record.host_config.get("NetworkMode") == HOST == name:
            raise errors.InvalidArgument(
                "cannot disconnect container from host network - "
                "container was created in host network mode"
            )
        if name not in record.networks:
            raise errors.Internal(f"container {record.id} is not connected to network {name}")
        before = record.sandbox
        endpoint = next((e for e in _endpoints(record) if e.network == name), None)
        if entry.shim is not None and endpoint is not None:
            with await entry.shim.network() as namespace:
                await context.sandboxes.disconnect(record, entry.bundle, namespace, endpoint)
            await context.sandboxes.serve_ports(record, entry.bundle, entry.shim)
            await _write_hosts(context, record, before)
        del record.networks[name]
        await entry.save()


@contextlib.asynccontextmanager
async def _changing(entry: Entry) -> AsyncIterator[Container]:
    """Give the record of a container whose networks nobody else changes; it must not be gone."""
    async with entry.networking:
        if entry.is_removed:
            raise errors.NotFound(f"No such container: {entry.record.id}")
        yield entry.record


def _check(record: Container, network: Network) -> None:
    mode = record.host_config.get("NetworkMode") or ""
    if network.driver == HOST_DRIVER:
        raise errors.InvalidArgument(
            "cannot connect container to host network - "
            "container must be created in host network mode"
        )
    if other_container(mode) or mode == HOST:
        raise errors.InvalidArgument(
            "container sharing network namespace with another container or host cannot be "
            "connected to any other network"
        )
    if (network.driver == NULL or NONE in record.networks) and record.networks:
        raise errors.InvalidArgument(
            "container cannot be connected to multiple networks with one of the networks in "
            "private (none) mode"
        )


def _name_of(context: Context, record: Container, ref: str) -> str:
    try:
        return context.networks.get(ref).name
    except errors.NotFound:
        if ref in record.networks:  # it was removed, and the container has not been started since
            return ref
        raise


def _endpoints(record: Container) -> Sequence[Endpoint]:
    return record.sandbox.endpoints if record.sandbox is not None else []


async def _write_hosts(context: Context, record: Container, before: Sandbox | None) -> None:
    directory, after = context.data_root.container(record.id), record.sandbox
    if before is not None and after is not None:
        await anyio.to_thread.run_sync(
            network_files.update_hosts, directory, record.config, before, after
        )


async def _ask_resolver(context: Context, record: Container) -> None:
    directory, sandbox = context.data_root.container(record.id), record.sandbox
    if sandbox is not None and context.sandboxes.has_resolver(sandbox):
        await anyio.to_thread.run_sync(network_files.ask_resolver, directory, record.host_config)
