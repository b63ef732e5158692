"""`seacan network rm`: networks that no container runs in."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.values import SWITCH
from seacan.errors import NotFound, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("force", "f", SWITCH, "Let missing ones pass"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    code = 0
    for name in arguments:
        try:
            session.client.networks.remove(name)
        except SeacanError as err:
            if values.on("force") and isinstance(err, NotFound):
                continue
            complain(str(err))
            code = 1
        else:
            print(name, flush=True)
    if code:
        complain(f"exit status {code}")
    return code
