"""Kernel parameters of one interface of a container, which an option of its endpoint has.

The interface has a name only when the container starts, so that they have IFNAME in its place. They
are written when it is there, before the first process is. Sentences are dockerd's.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import anyio

from seacan.network.definition import Endpoint, Network, Sandbox
from seacan.spec.engine_api import EndpointSettings
from seacan.supervisor.shim_client import Shim

OPTION: Final = "com.docker.network.endpoint.sysctls"
# The docker CLI writes options in lower case. No part leads to another directory.
_NAME: Final = re.compile(r"net\.(ipv4|ipv6|mpls)\.([a-z0-9_]+)\.(?:IFNAME|ifname)\.([a-z0-9_]+)")


def wrong(settings: EndpointSettings, network: Network | None) -> Iterator[str]:
    """Yield what is wrong with the parameters that are asked for, a sentence each.

    `network` is None if it is not known yet.
    """
    texts = _texts(settings)
    if texts and network is not None and not network.has_endpoints:
        yield f"network {network.name} gives no interface that {OPTION} could be for"
    for text in texts:
        name, equals, _ = text.partition("=")
        if not _NAME.fullmatch(name):
            yield (
                f"unrecognised network interface sysctl '{text}'; represent 'net.X.Y.ethN.Z=V' as "
                "'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'"
            )
        elif not equals:
            yield f"expected sysctl '{text}' to have format name=value"


def of_endpoint(settings: EndpointSettings, interface: str) -> dict[str, str]:
    """Return the values of parameters, as paths below /proc/sys, of what `wrong` has checked."""
    found = {}
    for text in _texts(settings):
        name, _, value = text.partition("=")
        if parts := _NAME.fullmatch(name):
            family, kind, parameter = parts.groups()
            found[f"net/{family}/{kind}/{interface}/{parameter}"] = value
    return found


def of_sandbox(networks: Mapping[str, EndpointSettings], sandbox: Sandbox) -> dict[str, str]:
    """Return those of all interfaces, which were planned by the settings in `networks`."""
    return {
        path: value
        for settings, endpoint in zip(networks.values(), sandbox.endpoints, strict=True)
        if endpoint.interface
        for path, value in of_endpoint(settings, endpoint.interface).items()
    }


async def set_all(
    shim: Shim, settings: EndpointSettings, endpoint: Endpoint, undo: Callable[[], None]
) -> None:
    """Set those of an interface that was just made, or `undo` that. Raises InvalidArgument."""
    parameters = of_endpoint(settings, endpoint.interface)
    if not parameters:
        return
    try:
        await shim.set_sysctls(parameters)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(undo)
        raise


def disables_ipv6(settings: EndpointSettings) -> bool:
    """Tell whether the interface is to have no IPv6, hence no address of it."""
    return of_endpoint(settings, "eth0").get("net/ipv6/conf/eth0/disable_ipv6") == "1"


def _texts(settings: EndpointSettings) -> list[str]:
    option = (settings.get("DriverOpts") or {}).get(OPTION)
    return [] if option is None else option.split(",")
