"""`seacan rename`: another name for a container."""

from __future__ import annotations

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    old, new = (argument.strip() for argument in arguments)
    if not old or not new:
        raise InvalidArgument("neither the old nor the new name may be empty")
    session.client.containers.rename(old, new)
    return 0
