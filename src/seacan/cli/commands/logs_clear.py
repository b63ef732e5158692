"""`seacan logs clear`: what containers have logged so far is removed, beyond Docker.

The logs of a container of that name are `seacan logs -- clear` or `seacan container logs clear`.
"""

from __future__ import annotations

from seacan.cli.session import for_each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    return for_each(arguments, session.client.containers.clear_logs)
