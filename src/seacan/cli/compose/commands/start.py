"""`seacan compose start`: containers that exist, started in the order of their services."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import INT, SWITCH
from seacan.compose.standing import Standing
from seacan.compose.starting import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("wait", "", SWITCH, "Wait until services run, or are healthy"),
    Flag("wait-timeout", "", INT, "Seconds to wait at most"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    project = composition.project_with_resources(arguments)
    site = composition.site("start")
    limit_s = values.number("wait-timeout") or None
    with Standing(site, project):
        start(site, project, wait=values.on("wait"), timeout_s=limit_s)
    return 0
