"""Which networks `run` and `create` ask for: `--network`, and the flags that are of the first one.

Source: docker/cli, opts/network.go; cli/command/container/opts.go.
"""

from __future__ import annotations

from seacan.cli.values import read_int
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values

_NOT_OF_THE_USER = ("default", "bridge", "host", "none")


def take_network(so_far: list[Any], text: str) -> list[Any]:
    """Add a network: its name, or `name=…,alias=…,ip=…` and so on."""
    if "=" not in text:
        return [*so_far, {"name": text}]
    network: dict[str, Any] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        key = key.strip().lower()
        if not equals:
            raise ValueError(f"invalid field {part}")
        match key:
            case "name" | "ip" | "ip6" | "mac-address":
                network[key] = value.strip()
            case "alias" | "link-local-ip":
                network.setdefault(key, []).append(value.strip())
            case "driver-opt":
                name, separator, setting = value.partition("=")
                if not separator:
                    raise ValueError("invalid key value pair format in driver options")
                network.setdefault(key, {})[name] = setting
            case "gw-priority":
                network[key] = read_int(value)
            case _:
                raise ValueError(f"invalid field key {key}")
    if not network.get("name"):
        raise ValueError("network name/id is not specified")
    return [*so_far, network]


def networking(values: Values) -> dict[str, Any]:
    """Return NetworkMode, EndpointsConfig and Links of a container. Raises InvalidArgument."""
    networks = values.records("network") or [{"name": "default"}]
    names = [network["name"] for network in networks]
    if len(set(names)) != len(names):
        doubled = next(name for name in names if names.count(name) > 1)
        raise InvalidArgument(f'network "{doubled}" is specified multiple times')
    if len(names) > 1 and any(not _is_users(name) for name in names):
        raise InvalidArgument(
            "conflicting options: cannot attach both user-defined and non-user-defined "
            "network-modes"
        )
    mode, links = names[0], values.texts("link")
    first = _with_flags(networks[0], values)
    if first.get("alias") and not _is_users(mode):
        raise InvalidArgument("network-scoped aliases are only supported for user-defined networks")
    endpoints = {n["name"]: endpoint_settings(n) for n in (first, *networks[1:])}
    if links and _is_users(mode):
        endpoints[mode]["Links"] = links
        links = []
    wanted = endpoints if len(endpoints) > 1 or endpoints[mode] else {}
    return {"NetworkMode": mode, "EndpointsConfig": wanted, "Links": links}


def is_mac_address(text: str) -> bool:
    """Whether it is one, or nothing."""
    parts = text.lower().replace("-", ":").split(":")
    return not text or (
        len(parts) == 6 and all(len(part) == 2 and set(part) <= _HEX for part in parts)
    )


_HEX = set("0123456789abcdef")


def _is_users(name: str) -> bool:
    return name not in _NOT_OF_THE_USER and not name.startswith("container:")


def _with_flags(network: dict[str, Any], values: Values) -> dict[str, Any]:
    """Return the first network with what stands beside it on the command line."""
    flags: dict[str, Any] = {
        "alias": values.texts("network-alias"),
        "ip": values.text("ip"),
        "ip6": values.text("ip6"),
        "mac-address": values.text("mac-address"),
        "link-local-ip": values.texts("link-local-ip"),
    }
    if not is_mac_address(values.text("mac-address")):
        raise InvalidArgument(f"{values.text('mac-address')} is not a valid mac address")
    given = {name: value for name, value in flags.items() if value}
    for name in given.keys() & network.keys():
        flag = "--network-alias" if name == "alias" else f"--{name}"
        raise InvalidArgument(
            f"conflicting options: cannot specify both {flag} and per-network {name}"
        )
    return {**network, **given}


def endpoint_settings(network: dict[str, Any]) -> dict[str, Any]:
    """Return EndpointSettings of what is asked of one network, by the names of the flag's keys."""
    addresses = {
        "IPv4Address": network.get("ip"),
        "IPv6Address": network.get("ip6"),
        "LinkLocalIPs": network.get("link-local-ip"),
    }
    settings = {
        "IPAMConfig": {key: value for key, value in addresses.items() if value},
        "Aliases": network.get("alias"),
        "MacAddress": network.get("mac-address"),
        "DriverOpts": network.get("driver-opt"),
        "GwPriority": network.get("gw-priority"),
    }
    return {key: value for key, value in settings.items() if value}
