"""`seacan compose scale`: more or fewer containers for services."""

from __future__ import annotations

from seacan.cli.compose.creation import scaled
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH
from seacan.compose.convergence import Choices, converge
from seacan.compose.model.project import with_selected_services
from seacan.compose.standing import Standing
from seacan.compose.starting import start
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (Flag("no-deps", "", SWITCH, "Don't start what services depend on"),)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    services = [_service(scale) for scale in arguments]
    project = scaled(composition.complete_project(services), arguments)
    if values.on("no-deps"):
        project = with_selected_services(project, services, dependencies=False)
    site = composition.site("scale")
    with Standing(site, project):
        made = converge(site, project, Choices(services=tuple(services)))
        start(site, project, updates=made.updates)
    return 0


def _service(scale: str) -> str:
    """Return the service of SERVICE=NUM. Raises InvalidArgument."""
    name, equals, number = scale.partition("=")
    if not equals:
        raise InvalidArgument(f"invalid scale specifier: {scale}")
    if not number.isdecimal():
        raise InvalidArgument(f"invalid scale specifier: can't parse replica value as int: {scale}")
    return name
