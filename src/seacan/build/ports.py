"""The ports of EXPOSE: 80, 80/udp, 8000-8010."""

from typing import Final

from seacan.build.dockerfile.errors import Misplaced

_PROTOCOLS: Final = ("tcp", "udp", "sctp")
_MOST: Final = 65535


def exposed(written: str) -> list[str]:
    """Return `80/tcp` for 80, and each of a range; an address and port of the host have no say.

    Raises InvalidArgument.
    """
    _, host, container = host_parts(written)
    numbers, _, protocol = container.partition("/")
    protocol = protocol.lower() or "tcp"
    if not numbers:
        raise Misplaced(f'invalid port: "{written}": no port specified', written)
    if protocol not in _PROTOCOLS:
        raise Misplaced(f"Invalid proto: {protocol}", written)
    first, last = _range(numbers, "containerPort", written)
    if host:
        _range(host, "hostPort", written)
    return [f"{port}/{protocol}" for port in range(first, last + 1)]


def host_parts(written: str) -> tuple[str, str, str]:
    """Return address, port of the host, and port of the container with its protocol."""
    before, _, container = written.rpartition(":")
    address, _, host = before.rpartition(":")
    return address, host, container


def _range(text: str, what: str, written: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    bounds = [
        int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else -1
        for number in (first, last if dash else first)
    ]
    if not 0 <= bounds[0] <= bounds[1] <= _MOST:
        raise Misplaced(f"Invalid {what}: {text}", written)
    return bounds[0], bounds[1]
