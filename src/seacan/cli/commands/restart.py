"""`seacan restart`: stop, then start."""

from __future__ import annotations

from seacan.cli.commands.stop import FLAGS, timeout_of
from seacan.cli.session import for_each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

__all__ = ["FLAGS", "run"]


def run(session: Session, values: Values, arguments: list[str]) -> int:
    timeout_s = timeout_of(values)
    signal = values.text("signal") or None
    containers = session.client.containers

    def restart(name: str) -> None:
        containers.restart(name, timeout_s=timeout_s, signal=signal)

    return for_each(arguments, restart)
