"""`seacan port`: where the ports of a container are published."""

from __future__ import annotations

from seacan.cli.values import go_quote
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    container = session.client.containers.inspect(arguments[0])
    ports: dict[str, Any] = (container.get("NetworkSettings") or {}).get("Ports") or {}
    if len(arguments) == 1:
        lines = [f"{port} -> {place}" for port, each in ports.items() for place in _places(each)]
        print("".join(f"{line}\n" for line in sorted(lines, key=_order)), end="")
        return 0
    number, _, protocol = arguments[1].partition("/")
    if not (number.isascii() and number.isdecimal() and int(number) < 65536):
        raise InvalidArgument(
            f"Error: invalid port ({number}): strconv.ParseUint: parsing {go_quote(number)}: "
            + ("value out of range" if number.isdecimal() else "invalid syntax")
        )
    port = f"{number}/{protocol or 'tcp'}"
    if not ports.get(port):
        raise NotFound(f"Error: No public port '{arguments[1]}' published for {arguments[0]}")
    print("\n".join(_places(ports[port])))
    return 0


def _places(bindings: list[dict[str, str]] | None) -> list[str]:
    pairs = [(binding["HostIp"], binding["HostPort"]) for binding in bindings or []]
    return [f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}" for ip, port in pairs]


def _order(line: str) -> tuple[int, str]:
    return int(line.partition("/")[0]), line
