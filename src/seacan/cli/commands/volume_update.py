"""`seacan volume update`: for volumes of clusters, which there are none of outside a swarm."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import TEXT
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("availability", "", TEXT, "active, pause or drain: of a cluster's volume"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    session.client.volumes.inspect(arguments[0])
    raise InvalidArgument("can only update cluster volumes")
