"""What a container asks of its networks: checked when it is created or connected.

Sentences are dockerd's, as clients match them.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, cast

from seacan import errors
from seacan.engine.bundle.namespaces import HOST, NONE, other_container
from seacan.engine.networks import interface_sysctls
from seacan.errors import InvalidArgument, Unsupported
from seacan.network.definition import Network, is_interface_name
from seacan.spec.engine_api import ContainerCreate, EndpointSettings, HostConfig

Find = Callable[[str], Network]

_MAC: Final = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")
_MOST: Final = 1024  # each is shown wherever the container is
_ENDPOINT_OPTIONS: Final = "com.docker.network.endpoint."
_INTERFACE_NAME: Final = f"{_ENDPOINT_OPTIONS}ifname"
_OPTIONS: Final = (_INTERFACE_NAME, interface_sysctls.OPTION)
# What the daemon tells of an endpoint comes back from clients that copy what they have read.
_ASKED: Final = ("IPAMConfig", "Links", "MacAddress", "Aliases", "DriverOpts", "GwPriority")


def of_request(
    request: ContainerCreate, host_config: HostConfig, find: Find
) -> dict[str, EndpointSettings]:
    """Return what `request` asks of each network, by name; the one of NetworkMode is the first.

    That is left out where others are named alone, as with dockerd: clients that name a network in
    EndpointsConfig say nothing of a mode. A network may be missing until the start; `find` raises
    NotFound. Raises InvalidArgument.
    """
    mode = host_config.get("NetworkMode") or ""
    if other_container(mode) or request.get("NetworkDisabled"):
        return {}
    given: dict[str, EndpointSettings] = {}
    endpoints = (request.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    if len(endpoints) > _MOST:
        raise InvalidArgument(f"a container is in {_MOST} networks at most")
    for name, settings in endpoints.items():
        if settings is None:
            raise InvalidArgument(f"invalid config for network {name}: EndpointsConfig is nil")
        given[_name(mode if name == "default" else name, find)] = asked(settings)
    main = _name(mode, find)
    _check_modes(main, given, is_chosen=_is_chosen(request))
    wanted = given
    if main in given or not given:
        wanted = {main: given.pop(main, EndpointSettings()), **given}
    _take_mac(request, main, wanted)
    for name, settings in wanted.items():
        try:
            check(settings, _find(name, find))
        except InvalidArgument as err:
            raise InvalidArgument(f"invalid config for network {name}: {err}") from None
    return wanted


def asked(settings: EndpointSettings) -> EndpointSettings:
    """Return of `settings` what a client can ask for."""
    kept = {name: settings.get(name) for name in _ASKED if settings.get(name) is not None}
    return cast(EndpointSettings, kept)


def _name(ref: str, find: Find) -> str:
    found = _find(ref, find)
    return found.name if found else ref


def _find(ref: str, find: Find) -> Network | None:
    try:
        return find(ref)
    except errors.NotFound:
        return None


def _is_chosen(request: ContainerCreate) -> bool:
    mode = (request.get("HostConfig") or HostConfig()).get("NetworkMode")
    return mode not in (None, "", "default")


def _check_modes(main: str, given: dict[str, EndpointSettings], *, is_chosen: bool) -> None:
    others = given.keys() - {main}
    if (others and is_chosen and main in (HOST, NONE)) or others & {HOST, NONE}:
        raise InvalidArgument(
            "conflicting options: cannot attach both user-defined and non-user-defined "
            "network-modes"
        )


def _take_mac(request: ContainerCreate, main: str, wanted: dict[str, EndpointSettings]) -> None:
    """Give the first network, or the only one, the address that older clients give the container.

    A container without an interface has nothing that it could be for.
    """
    mac = request.get("MacAddress")
    if mac and main not in (HOST, NONE):
        if main not in wanted and len(wanted) > 1:
            raise InvalidArgument(
                "unable to migrate container-wide MAC address to a specific network: "
                "HostConfig.NetworkMode must match the identity of a network in "
                "NetworkSettings.Networks"
            )
        first = next(iter(wanted.values()))
        own = first.get("MacAddress")
        if own and own != mac:
            raise InvalidArgument(
                "the container-wide MAC address must match the endpoint-specific MAC address "
                "for the main network, or be left empty"
            )
        first["MacAddress"] = mac


def check(settings: EndpointSettings, network: Network | None) -> None:
    """Raise InvalidArgument for what the network cannot give; None if it is not known yet."""
    wrong = []
    if (mac := settings.get("MacAddress")) and not _MAC.fullmatch(mac):
        raise InvalidArgument(f"invalid MAC address {mac}")
    if settings.get("Aliases") and network is not None and not network.has_resolver:
        wrong.append(
            "network-scoped alias is supported only for containers in user defined networks"
        )
    config = settings.get("IPAMConfig") or {}
    for field, version in (("IPv4Address", 4), ("IPv6Address", 6)):
        if address := str(config.get(field) or ""):
            wrong += _wrong_address(address, version, network)
    wrong += _wrong_link_local(config.get("LinkLocalIPs") or [])
    for option in settings.get("DriverOpts") or {}:
        if option.startswith(_ENDPOINT_OPTIONS) and option not in _OPTIONS:
            raise Unsupported(f"option {option} of an endpoint is not supported")
    wrong += interface_sysctls.wrong(settings, network)
    if (name := asked_interface(settings)) and (name == "lo" or not is_interface_name(name)):
        wrong.append(f"invalid interface name: {name}")
    if len(wrong) == 1:
        raise InvalidArgument(f"invalid endpoint settings:\n{wrong[0]}")
    if wrong:
        raise InvalidArgument("invalid endpoint settings:\n" + "\n".join(f"* {w}" for w in wrong))


def asked_interface(settings: EndpointSettings) -> str:
    """Return the name that the interface of an endpoint is to have, empty for any."""
    return (settings.get("DriverOpts") or {}).get(_INTERFACE_NAME, "")


def _wrong_link_local(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        try:
            is_one = ipaddress.ip_address(text).is_link_local
        except ValueError:
            is_one = False
        if not is_one:
            yield f"invalid link-local IP address: {text}"


def link_local(settings: EndpointSettings) -> list[str]:
    """Return the link-local addresses that an endpoint is to have besides, such as a.b.c.d/16."""
    texts = (settings.get("IPAMConfig") or {}).get("LinkLocalIPs") or []
    return [f"{text}/{64 if ':' in text else 16}" for text in texts]


def _wrong_address(text: str, version: int, network: Network | None) -> list[str]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        address = None
    if address is None or address.version != version:
        return [f"invalid IPv{version} address: {text}"]
    if network is None:
        return []
    if network.is_predefined:
        subnet = network.subnet(version)
        outside = [f"no configured subnet or ip-range contain the IP address {text}"]
        contains = subnet is not None and address in subnet.network
        return [
            "user specified IP address is supported on user defined networks only",
            *([] if contains else outside),
        ]
    asked = [
        each.network
        for each in (*network.subnets, *network.unused_subnets)
        if each.is_asked and each.network.version == version
    ]
    if not asked:
        return [
            "user specified IP address is supported only when connecting to networks with user "
            "configured subnets"
        ]
    if not any(address in each for each in asked):
        return [f"no configured subnet or ip-range contain the IP address {text}"]
    return []
