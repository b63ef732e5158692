"""What the text after a flag of a container may be, and the value that it becomes.

As in values.py, each raises ValueError in Docker's words.
"""

from __future__ import annotations

import os

from seacan.cli.values import Kind, go_quote, many, read_bytes, read_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def take_mount(so_far: list[Any], text: str) -> list[Any]:
    from seacan.cli.mount_flag import read_mount  # few containers have one

    return [*so_far, read_mount(text)]


def take_gpus(so_far: list[Any], text: str) -> list[Any]:
    from seacan.cli.gpu_flag import read_gpus  # few containers have one

    return [*so_far, read_gpus(text)]


def _device_and_number(text: str, complaint: str) -> tuple[str, str]:
    path, colon, number = text.rpartition(":")
    if not colon:
        raise ValueError(f"bad format: {text}")
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    if not number or number[0] in "+-":
        raise ValueError(complaint)
    return path, number


def take_rate(so_far: list[Any], text: str) -> list[Any]:
    complaint = (
        f"invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. "
        "Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
    )
    path, number = _device_and_number(text, complaint)
    try:
        return [*so_far, {"Path": path, "Rate": read_bytes(number)}]
    except ValueError:
        raise ValueError(complaint) from None


def take_operations(so_far: list[Any], text: str) -> list[Any]:
    complaint = (
        f"invalid rate for device: {text}. The correct format is <device-path>:<number>. "
        "Number must be a positive integer"
    )
    path, number = _device_and_number(text, complaint)
    if not (number.isascii() and number.isdecimal()):
        raise ValueError(complaint)
    return [*so_far, {"Path": path, "Rate": int(number)}]


def take_weight(so_far: list[Any], text: str) -> list[Any]:
    complaint = f"invalid weight for device: {text}"
    path, number = _device_and_number(text, complaint)
    if not (number.isascii() and number.isdecimal()) or not 10 <= int(number) <= 1000:
        raise ValueError(complaint)
    return [*so_far, {"Path": path, "Weight": int(number)}]


def read_device_rule(text: str) -> str:
    """Return a rule for devices as it is, such as `c 1:3 rwm` or `b *:* r`."""
    kind, numbers, access, *more = (*text.split(" "), "", "", "")
    parts = numbers.split(":")
    if not (
        kind in ("a", "b", "c")
        and len(parts) == 2
        and all(part == "*" or (part.isascii() and part.isdecimal()) for part in parts)
        and 0 < len(access) <= 3
        and set(access) <= set("rwm")
        and not any(more)
    ):
        raise ValueError(f"invalid device cgroup format '{text}'")
    return text


_SYSCTLS = (
    *("kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall"),
    *("kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"),
)


def take_sysctl(so_far: dict[str, str], text: str) -> dict[str, str]:
    """Add `net.ipv4.ip_forward=1`; what is not the container's own is refused, as by Docker."""
    name, equals, value = text.partition("=")
    if not equals or not (name in _SYSCTLS or name.startswith(("net.", "fs.mqueue."))):
        raise ValueError(f"sysctl '{text}' is not allowed")
    return {**so_far, name: value}


_ULIMITS = (
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc"),
    *("rss", "rtprio", "rttime", "sigpending", "stack"),
)


def take_ulimit(so_far: dict[str, tuple[int, int]], text: str) -> dict[str, tuple[int, int]]:
    """Add `nofile=1024:2048`, soft and hard, or one number for both; -1 is no limit."""
    name, equals, limits = text.partition("=")
    if not equals:
        raise ValueError(f"invalid ulimit argument: {text}")
    if name not in _ULIMITS:
        raise ValueError(f"invalid ulimit type: {name}")
    numbers = [read_int(number) for number in limits.split(":")]
    if len(numbers) > 2:
        raise ValueError(
            f"too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`"
        )
    soft, hard = numbers[0], numbers[-1]
    if hard != -1 and (soft > hard or soft == -1):
        raise ValueError(
            f"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"
        )
    return {**so_far, name: (soft, hard)}


def read_env(text: str) -> str:
    """Return `NAME=value`; of a bare NAME the client's own value, or NAME alone: to be unset."""
    name, equals, _ = text.partition("=")
    if not name:
        raise ValueError(f"invalid environment variable: {text}")
    if not equals and name in os.environ:
        return f"{name}={os.environ[name]}"
    return text


def read_label(text: str) -> str:
    name, _, _ = text.partition("=")
    if not name.strip():
        raise ValueError(f"invalid label '{text}': empty name")
    return text


def read_attach(text: str) -> str:
    if text.lower() not in ("stdin", "stdout", "stderr"):
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")
    return text.lower()


def read_extra_host(text: str) -> str:
    """Return `host:ip` for that or for `host=ip`."""
    name, separator, address = text.partition("=" if "=" in text else ":")
    if not separator or not name:
        raise ValueError(f"bad format for add-host: {go_quote(text)}")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    if address != "host-gateway" and not is_ip_address(address):
        raise ValueError(f"invalid IP address in add-host: {go_quote(address)}")
    return f"{name}:{address}"


def is_ip_address(text: str) -> bool:
    import socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False


def read_dns(text: str) -> str:
    if not is_ip_address(text.strip()):
        raise ValueError(f"IP address is not correctly formatted: {text}")
    return text.strip()


def take_network(so_far: list[Any], text: str) -> list[Any]:
    from seacan.cli import network_flag  # most containers have none

    return network_flag.take_network(so_far, text)


def read_publish(text: str) -> str:
    from seacan.cli import port_flag

    return port_flag.read_publish(text)


GPUS = Kind("gpu-request", list, take_gpus)
MOUNTS = Kind("mount", list, take_mount)
RATES = Kind("list", list, take_rate)
OPERATIONS = Kind("list", list, take_operations)
WEIGHTS = Kind("list", list, take_weight)
ULIMITS = Kind("ulimit", dict, take_ulimit)
ENVIRONMENT = many(read_env)
LABELS = many(read_label)
STREAMS = many(read_attach)
EXTRA_HOSTS = many(read_extra_host)
DNS_SERVERS = many(read_dns)
NETWORKS = Kind("network", list, take_network)
PUBLISHED = many(read_publish)
DEVICE_RULES = many(read_device_rule)
SYSCTLS = Kind("map", dict, take_sysctl)
