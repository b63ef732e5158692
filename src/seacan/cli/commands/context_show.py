"""`seacan context show`: the name of the context in use."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    print(session.context)
    return 0
