"""The texts of `--publish` and `--expose`: ports of a container, and where they are published.

Source: docker/go-connections, nat; docker/cli for the form with commas.
"""

from __future__ import annotations

from seacan.cli.container_values import is_ip_address
from seacan.cli.values import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROTOCOLS = ("tcp", "udp", "sctp")


def read_publish(text: str) -> str:
    """Return `[ADDRESS:][PORT:]PORT[/PROTOCOL]` as it is, or made of `target=80,published=…`.

    Raises ValueError in Docker's words.
    """
    if "=" in text:
        text = _from_fields(text)
    bindings(text)
    return text


def bindings(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return `80/tcp` and HostIp, HostPort for each port of a text such as `127.0.0.1:80:80`."""
    rest, _, protocol = text.partition("/")
    address, outer, inner = _parts(rest)
    if address and not is_ip_address(address):
        raise ValueError(f"invalid IP address: {address}")
    if not inner:
        raise ValueError(f"no port specified: {text}<empty>")
    inside = _range(inner, "containerPort")
    outside = _range(outer, "hostPort") if outer else None
    if outside and len(outside) != len(inside) and len(inside) != 1:
        raise ValueError(
            f"invalid ranges specified for container and host Ports: {inner} and {outer}"
        )
    protocol = (protocol or "tcp").lower()
    if protocol not in _PROTOCOLS:
        raise ValueError(f"invalid proto: {protocol}")
    found = []
    for index, port in enumerate(inside):
        if outside is None:
            host = ""
        else:
            host = str(outside[index]) if len(outside) == len(inside) else outer
        found.append((f"{port}/{protocol}", {"HostIp": address, "HostPort": host}))
    return found


def _parts(text: str) -> tuple[str, str, str]:
    """Return address, ports of the host, ports of the container; an IPv6 address has brackets."""
    before, _, inner = text.rpartition(":")
    address, _, outer = before.rpartition(":")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    return address, outer, inner


def _range(text: str, what: str) -> range:
    first, dash, last = text.partition("-")
    ends = (first, last if dash else first)
    if not all(e.isascii() and e.isdecimal() and int(e) < 65536 for e in ends):
        raise ValueError(f"invalid {what}: {text}")
    if int(ends[0]) > int(ends[1]):
        raise ValueError(f"invalid {what}: {text}")
    return range(int(ends[0]), int(ends[1]) + 1)


def _from_fields(text: str) -> str:
    fields: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or name not in ("target", "published", "protocol", "mode"):
            raise ValueError(f"invalid publish opts format (should be name=value but got '{part}')")
        fields[name] = value
    outer, protocol = fields.get("published", ""), fields.get("protocol", "tcp")
    return f"{outer + ':' if outer else ''}{fields.get('target', '')}/{protocol}"


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 65536


def _parse_error(number: str) -> str:
    """Return what Go has against a number of a port."""
    is_number = number.isascii() and number.isdecimal()
    why = "value out of range" if is_number else "invalid syntax"
    return f"strconv.ParseUint: parsing {go_quote(number)}: {why}"


def port_bindings(texts: list[str]) -> dict[str, list[dict[str, str]]]:
    """Return PortBindings of what `--publish` was given."""
    found: dict[str, list[dict[str, str]]] = {}
    for text in texts:
        for port, binding in bindings(text):
            found.setdefault(port, []).append(binding)
    return found


def exposed_ports(exposed: list[str], published: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return ExposedPorts: PORT, PORT-PORT, either with /PROTOCOL, and what is published.

    Raises ValueError in Docker's words.
    """
    ports: dict[str, dict[str, Any]] = {port: {} for port in published}
    for text in exposed:
        numbers, _, protocol = text.partition("/")
        first, dash, last = numbers.partition("-")
        ends = (first, last if dash else first)
        if wrong := [end for end in ends if not _is_port(end)]:
            raise ValueError(
                f"invalid range format for --expose: {text}, error: {_parse_error(wrong[0])}"
            )
        if int(ends[0]) > int(ends[1]):
            raise ValueError(
                f"invalid range format for --expose: {text}, "
                f"error: invalid range specified for port: {numbers}"
            )
        for number in range(int(ends[0]), int(ends[1]) + 1):
            ports[f"{number}/{(protocol or 'tcp').lower()}"] = {}
    return ports
