"""The short forms of ports, volumes and devices, in long form.

    8080:80  127.0.0.1:53:53/udp  9000-9010:80  → ports
    ./data:/data:ro,z  name:/data:nocopy  /data  → volumes

Source: compose specification, services: ports, volumes.
"""

from __future__ import annotations

import _socket
import posixpath

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROPAGATIONS = ("rprivate", "private", "rshared", "shared", "rslave", "slave")
_PROTOCOLS = ("tcp", "udp", "sctp")
_LARGEST_PORT = 65535


def ports(spec: str) -> list[dict[str, Any]]:
    """Return the long form of each port in `spec`. Raises InvalidArgument."""
    rest, _, protocol = spec.partition("/")
    protocol = protocol or "tcp"
    if protocol.lower() not in _PROTOCOLS:
        raise InvalidArgument(f"invalid proto: {protocol}")
    host_ip, published, target = _port_parts(rest, spec)
    first, last = _range(target, f"Invalid containerPort: {target}")
    if not published:
        return [_port(host_ip, port, "", protocol) for port in _sorted(range(first, last + 1))]
    host_first, host_last = _range(published, f"Invalid hostPort: {published}")
    if last - first != host_last - host_first:
        if first != last:
            raise InvalidArgument(f"Invalid ranges specified for container and host Ports: {spec}")
        # One port, from a choice of those of the host.
        return [_port(host_ip, first, f"{host_first}-{host_last}", protocol)]
    return [
        _port(host_ip, port, str(port - first + host_first), protocol)
        for port in _sorted(range(first, last + 1))
    ]


def _sorted(numbers: range) -> list[int]:
    """Return ports in the order of their texts, in which docker compose has them."""
    return sorted(numbers, key=lambda port: f"{port}/")


def _port_parts(rest: str, spec: str) -> tuple[str, str, str]:
    before, colon, target = rest.rpartition(":")
    host, _, published = before.rpartition(":") if colon else ("", "", "")
    if not target:
        raise InvalidArgument(f"no port specified: {spec}<empty>")
    is_in_brackets = host.startswith("[") and host.endswith("]")
    if ":" in host and not is_in_brackets:
        raise InvalidArgument(
            f"Invalid ip address {host}: address {host}:: too many colons in address"
        )
    host_ip = host.removeprefix("[").removesuffix("]")
    if host_ip and not is_ip_address(host_ip):
        raise InvalidArgument(f"Invalid ip address: {host_ip}")
    return host_ip, published, target


def is_ip_address(text: str) -> bool:
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            _socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False


def _range(text: str, error: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    ends = [first, last] if dash else [first, first]
    if not all(end.isascii() and end.isdecimal() and int(end) <= _LARGEST_PORT for end in ends):
        raise InvalidArgument(error)
    if int(ends[1]) < int(ends[0]):
        raise InvalidArgument(error)
    return int(ends[0]), int(ends[1])


def _port(host_ip: str, target: int, published: str, protocol: str) -> dict[str, Any]:
    port: dict[str, Any] = {"mode": "ingress", "target": target, "protocol": protocol.lower()}
    if host_ip:
        port["host_ip"] = host_ip
    if published:
        port["published"] = published
    return port


def volume(spec: str) -> dict[str, Any]:
    """Return the long form of a mount. Raises InvalidArgument."""
    if not spec:
        raise InvalidArgument("invalid empty volume spec")
    parts = [spec] if len(spec) <= 2 else _volume_parts(spec)
    if not all(parts):
        raise InvalidArgument(f"invalid spec: {spec}: empty section between colons")
    if len(parts) > 3:
        raise InvalidArgument(f"invalid spec: {spec}: too many colons")
    mount: dict[str, Any] = {"type": "volume"}
    if len(parts) > 1:
        mount["source"] = parts[0]
    mount["target"] = posixpath.normpath(parts[0] if len(parts) == 1 else parts[1])
    options = parts[2].split(",") if len(parts) > 2 else []
    if _is_path(mount.get("source", "")):
        mount["type"] = "bind"
        mount["bind"] = {"create_host_path": True}
    else:
        mount["volume"] = {"nocopy": True} if "nocopy" in options else {}
    for option in options:
        _set_option(mount, option)
    return mount


def _volume_parts(spec: str) -> list[str]:
    """Return what stands between colons, but for those in variables and after a drive's letter."""
    parts, begin, is_variable = [], 0, False
    for at, sign in enumerate(spec):
        if sign == "}" or spec.startswith("${", at):
            is_variable = sign == "$"
        elif sign == ":" and not is_variable and not (at - begin == 1 and spec[begin].isalpha()):
            parts.append(spec[begin:at])
            begin = at + 1
    return [*parts, spec[begin:]]


def _is_path(source: str) -> bool:
    windows_drive = source[:1].isalpha() and source[1:2] == ":"
    return source[:1] in (".", "/", "~") or source.startswith("\\\\") or windows_drive


def _set_option(mount: dict[str, Any], option: str) -> None:
    if option == "ro":
        mount["read_only"] = True
    elif option == "rw":
        mount.pop("read_only", None)
    elif option in PROPAGATIONS:
        mount.setdefault("bind", {})["propagation"] = option
    elif option in ("z", "Z"):
        mount.setdefault("bind", {})["selinux"] = option


def device(spec: str) -> dict[str, str]:
    """Return the long form of `source[:target[:permissions]]`. Raises InvalidArgument."""
    parts = spec.split(":")
    if len(parts) > 3:
        raise InvalidArgument(f"confusing device mapping, please use long syntax: {spec}")
    source, target, permissions = (*parts, "", "")[:3]
    return {"source": source, "target": target or source, "permissions": permissions or "rwm"}
