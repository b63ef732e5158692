"""`seacan volume clone`: another volume with the same in it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    print(session.client.volumes.clone(arguments[0], arguments[1])["Name"])
    return 0
