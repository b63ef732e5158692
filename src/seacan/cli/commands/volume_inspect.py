"""`seacan volume inspect`: all that the daemon knows of volumes, as JSON."""

from __future__ import annotations

from seacan.cli.commands.inspect import FORMAT, print_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (FORMAT,)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    return print_kind("volume", arguments, session.client.volumes.inspect, values.text("format"))
