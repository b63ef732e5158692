"""The flags of networks, by dockerd's names."""

import argparse
import ipaddress
from pathlib import Path

from seacan import errors
from seacan.engine.network_settings import NO_BRIDGE, NetworkSettings
from seacan.network.addresses import Pool, parse_pool
from seacan.network.definition import BY_RELAY, BY_RULES, DEFAULT_MTU

_NAME_LIMIT = 15  # IFNAMSIZ, linux/if.h
_TRUE, _FALSE = ("true", "1", "t", "T", "TRUE", "True"), ("false", "0", "f", "F", "FALSE", "False")


def add_to(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("-b", "--bridge", type=_bridge, metavar="NAME",
        help="bridge of the host for containers that ask for no network; none: there is none "
        "(default: one of the data root's own)")  # fmt: skip
    add("--bip", type=_address, metavar="CIDR",
        help="address of the default bridge and its subnet (default: a free one)")  # fmt: skip
    add("--mtu", type=int, default=DEFAULT_MTU, help="of the default bridge (default %(default)s)")
    add("--default-address-pool", action="append", type=_pool, default=[],
        metavar="base=CIDR,size=N",
        help="where networks get their subnets from (repeatable)")  # fmt: skip
    add("--ip", default="0.0.0.0", type=_host_address, metavar="ADDRESS",
        help="where the default network's ports are published (default %(default)s)")  # fmt: skip
    add("--published-ports", choices=(BY_RULES, BY_RELAY), default=BY_RULES,
        help="what leads to published ports: rules, which come before the host's rules of input, "
        "or a relay, for which these hold; networks may say otherwise (default %(default)s)",
        )  # fmt: skip
    add("--bridge-names", type=boolean, nargs="?", const=True, default=False, metavar="BOOL",
        help="containers on the default bridge find one another by name and by alias, as those of "
        "other networks do (default false)")  # fmt: skip
    for name, what in (
        ("icc", "containers on the default bridge reach one another"),
        ("ip-masq", "containers on the default bridge reach other hosts, by the host's address"),
        ("ip-forward", "set net.ipv4.ip_forward, without which containers reach the host only"),
    ):
        add(f"--{name}", type=boolean, nargs="?", const=True, default=True, metavar="BOOL",
            help=f"{what} (default true)")  # fmt: skip


def settings(
    given: argparse.Namespace, data_root: Path, parser: argparse.ArgumentParser
) -> NetworkSettings:
    if given.bridge and given.bip:
        parser.error(
            "You specified -b & --bip, mutually exclusive options. Please specify only one"
        )
    if not 68 <= given.mtu <= 65535:
        parser.error(f"argument --mtu: invalid MTU: {given.mtu}")
    return NetworkSettings(
        data_root=data_root,
        bridge=given.bridge or "",
        bip=given.bip or "",
        mtu=given.mtu,
        icc=given.icc,
        ip_masq=given.ip_masq,
        ip_forward=given.ip_forward,
        ip=given.ip,
        published_ports=given.published_ports,
        bridge_names=given.bridge_names,
        pools=tuple(given.default_address_pool),
    )


def _bridge(name: str) -> str:
    if name != NO_BRIDGE and not (0 < len(name.encode()) <= _NAME_LIMIT and "/" not in name):
        raise argparse.ArgumentTypeError(f"not the name of an interface: {name!r}")
    return name


def _address(text: str) -> str:
    try:
        interface = ipaddress.IPv4Interface(text)
    except ValueError as err:
        raise argparse.ArgumentTypeError(str(err)) from err
    if interface.network.prefixlen > 30 or interface.ip == interface.network.network_address:
        raise argparse.ArgumentTypeError(f"not an address in a subnet: {text!r}")
    return text


def _pool(text: str) -> Pool:
    try:
        return parse_pool(text)
    except errors.InvalidArgument as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _host_address(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def boolean(text: str) -> bool:
    """Return what a flag of dockerd that is on or off is set to."""
    if text not in (*_TRUE, *_FALSE):
        raise argparse.ArgumentTypeError(f"not true or false: {text!r}")
    return text in _TRUE
