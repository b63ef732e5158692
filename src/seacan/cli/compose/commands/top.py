"""`seacan compose top`: the processes of all containers of a project."""

from __future__ import annotations

from seacan.cli.output.table import align
from seacan.compose.containers import containers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Flag, Values

FLAGS: tuple[Flag, ...] = ()

_COMMAND = "CMD"


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    found = containers_of(
        composition.client, composition.name(), services=arguments, all_states=False
    )
    rows: list[dict[str, str]] = []
    for container in sorted(found, key=lambda one: one.name):
        top = composition.client.containers.top(container.id)
        same = {"SERVICE": container.service, "#": str(container.number)}
        rows += [
            same | dict(zip(top["Titles"], process, strict=True))
            for process in top["Processes"] or ()
        ]
    titles = list(dict.fromkeys(title for row in rows for title in row))
    titles.sort(key=lambda title: title == _COMMAND)  # the longest one last
    if rows:
        cells = [[row.get(title, "-") for title in titles] for row in rows]
        print(align([titles, *cells], least=4, gap=2), end="")
    return 0
