"""`seacan network create`: a network of one's own."""

from __future__ import annotations

from seacan.cli.container_values import LABELS
from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.values import PAIRS, SWITCH, SWITCH_ON, TEXT, comma_list, one
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

_DRIVER = one("string", "bridge", str)
_IPAM_DRIVER = one("string", "default", str)

FLAGS = (
    Flag("attachable", "", SWITCH, "Let containers be attached by hand"),
    Flag("aux-address", "", PAIRS, "Address that no container gets, NAME=ADDRESS"),
    Flag("config-from", "", TEXT, "Network to copy the configuration from"),
    Flag("config-only", "", SWITCH, "Make a configuration alone"),
    Flag(
        "driver", "d", one("string", "bridge", str), "bridge, macvlan or ipvlan", shown='"bridge"'
    ),
    Flag("gateway", "", comma_list(), "Address of the host, or of the router, in a subnet"),
    Flag("ingress", "", SWITCH, "Make the routing mesh of a swarm"),
    Flag("internal", "", SWITCH, "Keep its containers from everything outside"),
    Flag("ip-range", "", comma_list(), "Part of a subnet to give addresses from"),
    Flag(
        "ipam-driver", "", one("string", "default", str), "Who gives addresses", shown='"default"'
    ),
    Flag("ipam-opt", "", PAIRS, "Option of who gives addresses, NAME=VALUE"),
    Flag("ipv4", "", SWITCH_ON, "Give IPv4 addresses", shown="true"),
    Flag("ipv6", "", SWITCH, "Give IPv6 addresses"),
    Flag("label", "", LABELS, "Label, NAME=VALUE"),
    Flag("opt", "o", PAIRS, "Option of the driver, NAME=VALUE"),
    Flag("scope", "", TEXT, "How far it reaches: local"),
    Flag("subnet", "", comma_list(), "Its addresses, as in 10.1.0.0/24"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    labels = dict(label.partition("=")[::2] for label in values.texts("label"))
    config_from = values.text("config-from")
    request: dict[str, Any] = {
        "Name": arguments[0],
        "Driver": values.text("driver"),
        "Options": values.mapping("opt"),
        "IPAM": {
            "Driver": values.text("ipam-driver"),
            "Config": subnets(values),
            "Options": values.mapping("ipam-opt"),
        },
        "Internal": values.on("internal"),
        "Attachable": values.on("attachable"),
        "Ingress": values.on("ingress"),
        "ConfigOnly": values.on("config-only"),
        "Scope": values.text("scope"),
        "Labels": labels,
    }
    if config_from:
        request["ConfigFrom"] = {"Network": config_from}
    for flag, key in (("ipv4", "EnableIPv4"), ("ipv6", "EnableIPv6")):
        if values.is_given(flag):
            request[key] = values.on(flag)
    created = session.client.networks.create(request)  # type: ignore[arg-type]
    if warning := created.get("Warning"):
        complain(f"WARNING: {warning}")
    print(created["Id"])
    return 0


def subnets(values: Values) -> list[dict[str, Any]]:
    """Return IPAM's Config: each range, gateway and auxiliary address with its subnet.

    Raises InvalidArgument in Docker's words.
    """
    import ipaddress

    given = values.texts("subnet")
    if len(given) < max(len(values.texts("ip-range")), len(values.texts("gateway"))):
        raise InvalidArgument("every ip-range or gateway must have a corresponding subnet")
    configs: dict[Any, dict[str, Any]] = {}
    for text in given:
        try:
            configs[ipaddress.ip_network(text, strict=False)] = {"Subnet": text}
        except ValueError:
            if len(given) == 1:
                return [{"Subnet": text}]  # the daemon tells what is wrong with it
            raise InvalidArgument(f"invalid CIDR address: {text}") from None
    ranges = [("range", "IPRange", text, "") for text in values.texts("ip-range")]
    gateways = [("gateway", "Gateway", text, "") for text in values.texts("gateway")]
    others = [
        ("aux-address", "AuxiliaryAddresses", text, name)
        for name, text in values.mapping("aux-address").items()
    ]
    for what, key, text, name in (*ranges, *gateways, *others):
        config = next((c for s, c in configs.items() if _is_in(text, s)), None)
        if config is None:
            raise InvalidArgument(f"no matching subnet for {what} {text}")
        if name:
            config.setdefault(key, {})[name] = text
        elif key in config:
            raise InvalidArgument(
                f"cannot configure multiple {what}s ({text}, {config[key]}) on the same subnet"
            )
        else:
            config[key] = text
    return list(configs.values())


def _is_in(text: str, subnet: Any) -> bool:
    import ipaddress

    try:
        address = ipaddress.ip_interface(text).ip
    except ValueError:
        return False
    return address in subnet
