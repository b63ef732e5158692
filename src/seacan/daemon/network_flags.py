"""The flags of networks, by dockerd's names."""

import argparse
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from seacan import errors
from seacan.daemon import bridge_flags
from seacan.daemon.booleans import boolean
from seacan.engine.networks import requests as network_requests
from seacan.engine.networks.settings import NetworkSettings
from seacan.network.addresses import Pool, parse_pool
from seacan.network.definition import BY_RELAY, BY_RULES, DEFAULT_MTU


def add_to(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    bridge_flags.add_to(parser)
    add("--mtu", type=int, default=DEFAULT_MTU, help="of the default bridge (default %(default)s)")
    add("--default-address-pool", action="append", type=_pool, default=[],
        metavar="base=CIDR,size=N",
        help="where networks get their subnets from (repeatable)")  # fmt: skip
    add("--ip", default="0.0.0.0", type=_host_address, metavar="ADDRESS",
        help="where the default network's ports are published (default %(default)s)")  # fmt: skip
    add("--default-network-opt", action="append", type=_network_option, default=[],
        metavar="DRIVER=NAME=VALUE",
        help="option of new networks of a driver that do not say otherwise (repeatable)",
        )  # fmt: skip
    add("--host-gateway-ip", action="append", type=_any_address, default=[], metavar="ADDRESS",
        help="what host-gateway stands for in --add-host (repeatable; "
        "default: the addresses of the default bridge)")  # fmt: skip
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
        (
            "iptables",
            "make rules, of nftables; false: ports are relayed, and all else about "
            "containers' packets is left to the host's own rules",
        ),
        ("ip6tables", "the same, of IPv6: both or none"),
    ):
        add(f"--{name}", type=boolean, nargs="?", const=True, default=True, metavar="BOOL",
            help=f"{what} (default true)")  # fmt: skip


def settings(
    given: argparse.Namespace, data_root: Path, parser: argparse.ArgumentParser
) -> NetworkSettings:
    if not 68 <= given.mtu <= 65535:
        parser.error(f"argument --mtu: invalid MTU: {given.mtu}")
    _check_rules(given, parser)
    return NetworkSettings(
        data_root=data_root,
        bridge=given.bridge or "",
        bridge_addresses=bridge_flags.addresses_of(given, parser),
        mtu=given.mtu,
        icc=given.icc,
        ip_masq=given.ip_masq,
        ip_forward=given.ip_forward,
        ip=given.ip,
        makes_rules=given.iptables,
        published_ports=given.published_ports if given.iptables else BY_RELAY,
        bridge_names=given.bridge_names,
        pools=tuple(given.default_address_pool),
        default_options=_default_options(given.default_network_opt, parser),
        host_gateways=tuple(dict.fromkeys(given.host_gateway_ip)),
    )


def _check_rules(given: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if given.iptables and not given.ip6tables:
        parser.error(
            "--ip6tables=false is not supported without --iptables=false: "
            "the rules of seacand are for both versions of IP"
        )
    if not (given.iptables or given.icc):
        parser.error(
            "You specified --iptables=false with --icc=false. ICC=false uses iptables to function. "
            "Please set --icc or --iptables to true"
        )


def _pool(text: str) -> Pool:
    try:
        return parse_pool(text)
    except errors.InvalidArgument as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _network_option(text: str) -> tuple[str, str, str]:
    driver, first, option = text.partition("=")
    name, second, value = option.partition("=")
    if not (first and second and driver and name):
        raise argparse.ArgumentTypeError(f"not DRIVER=NAME=VALUE: {text!r}")
    return driver, name, value


def _default_options(
    given: Sequence[tuple[str, str, str]], parser: argparse.ArgumentParser
) -> dict[str, dict[str, str]]:
    """Return the options by driver; one that no network could have is a usage error."""
    options: dict[str, dict[str, str]] = {}
    for driver, name, value in given:
        options.setdefault(driver, {})[name] = value
    for driver, values in options.items():
        try:
            network_requests.check_options(driver, values, internal=False)
        except errors.SeacanError as err:
            parser.error(f"argument --default-network-opt: {driver}: {err}")
    return options


def _any_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _host_address(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as err:
        raise argparse.ArgumentTypeError(str(err)) from err
