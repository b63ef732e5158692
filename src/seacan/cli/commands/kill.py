"""`seacan kill`: a signal to the first process of containers."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.session import for_each
from seacan.cli.values import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("signal", "s", TEXT, "Signal to send, a name or a number; SIGKILL unless given"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    signal = values.text("signal") or None
    containers = session.client.containers
    return for_each(arguments, lambda name: containers.kill(name, signal))
