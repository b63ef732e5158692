"""`seacan top`: the processes of a container, as ps(1) of the daemon's host shows them."""

from __future__ import annotations

from seacan.cli.output.table import align

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()

_LEAST_COLUMNS = 20


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name, *options = arguments
    found = session.client.containers.top(name, " ".join(options))
    rows = [found["Titles"], *(found["Processes"] or [])]
    print(align(rows, least=_LEAST_COLUMNS, gap=3), end="")
    return 0
