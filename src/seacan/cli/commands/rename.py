"""`seacan rename`: another name for a container."""

from __future__ import annotations

from seacan.cli.session import Exit
from seacan.errors import InvalidArgument, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    old, new = (argument.strip() for argument in arguments)
    if not old or not new:
        raise InvalidArgument("neither the old nor the new name may be empty")
    try:
        session.client.containers.rename(old, new)
    except SeacanError as err:
        raise Exit(1, f"{err}\nError: failed to rename container named {old}") from None
    return 0
