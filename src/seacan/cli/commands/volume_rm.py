"""`seacan volume rm`: volumes, with all that is in them."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.session import for_each
from seacan.cli.values import SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("force", "f", SWITCH, "Let missing ones pass"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    volumes, force = session.client.volumes, values.on("force")
    return for_each(arguments, lambda name: volumes.remove(name, force=force))
