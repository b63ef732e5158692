"""`seacan wait`: until containers have stopped."""

from __future__ import annotations

from seacan.cli.session import complain
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    code = 0
    for name in arguments:
        try:
            print(session.client.containers.wait(name).result(), flush=True)
        except SeacanError as err:
            complain(str(err))
            code = 1
    return code
