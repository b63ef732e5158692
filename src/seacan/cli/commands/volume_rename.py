"""`seacan volume rename`: another name for a volume that no container has."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    session.client.volumes.rename(arguments[0], arguments[1])
    return 0
