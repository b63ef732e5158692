"""`seacan compose create`: the containers of services, not started."""

from __future__ import annotations

from seacan.cli.compose import creation
from seacan.compose.convergence import converge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = creation.FLAGS


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    project = creation.project_to_create(composition, values, arguments)
    choices = creation.choices_of(composition, values, arguments, rolling=False)
    converge(composition.site("create", quiet_pull=values.on("quiet-pull")), project, choices)
    return 0
