"""`seacan compose watch`: services kept up to date with the files that they are made of."""

from __future__ import annotations

import sys
import threading
from contextlib import nullcontext

from seacan.cli.compose import creation
from seacan.cli.compose.watching import told, watch_rules
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, SWITCH_ON
from seacan.compose.convergence import converge
from seacan.compose.starting import start
from seacan.compose.watching import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("no-up", "", SWITCH, "Do not build and start services first"),
    Flag("prune", "", SWITCH_ON, "Remove images that have lost their names", shown="true"),
    Flag("quiet", "", SWITCH, "Don't print what building prints"),
)
_INTERRUPTED = 130


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    composition.refuse_dry_run()
    project = composition.complete_project(arguments)
    site = composition.site("watch", quiet_build=values.on("quiet"))
    output = composition.output(sys.stdout)

    def tell(line: str) -> None:
        print(told(line), file=output, flush=True)

    watch = Watch(
        site,
        project,
        watch_rules(site, project),
        tell=tell,
        prune=values.on("prune"),
        at_work=nullcontext(),
    )
    try:
        if not values.on("no-up"):
            built = creation.with_builds(project)
            choices = creation.choices_of(composition, values, arguments, rolling=True)
            start(site, built, updates=converge(site, built, choices).updates)
        watch.run(threading.Event())
    except KeyboardInterrupt:
        tell("Watch disabled")
    return _INTERRUPTED
