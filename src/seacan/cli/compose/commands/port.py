"""`seacan compose port`: where a port of a service is published."""

from __future__ import annotations

from seacan.cli.compose.one_container import INDEX, container_of
from seacan.cli.flags import Flag
from seacan.cli.values import one
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (INDEX, Flag("protocol", "", one("string", "tcp", str), "tcp or udp", shown='"tcp"'))


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    service, port = arguments[0], arguments[1]
    if not port.isdecimal():
        raise InvalidArgument(f'"{port}" is no port')
    protocol = values.text("protocol").lower()
    container = container_of(composition, values, service)
    published = container.summary.get("Ports") or ()
    for found in published:
        if (
            found["PrivatePort"] == int(port)
            and found["Type"] == protocol
            and "PublicPort" in found
        ):
            print(f"{found.get('IP', '')}:{found['PublicPort']}")
            return 0
    there = ", ".join(f"{found.get('PublicPort', 0)}/{found['Type']}" for found in published)
    raise NotFound(f"no port {port}/{protocol} for container {container.name}: {there}")
