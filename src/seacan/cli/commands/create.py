"""`seacan create`: a container that is not started."""

from __future__ import annotations

from seacan.cli.container_flags import CONTAINER_FLAGS, CREATION_FLAGS
from seacan.cli.creation import create, request_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (*CONTAINER_FLAGS, *CREATION_FLAGS)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    print(create(session, values, request_of(values, arguments, "create")))
    return 0
