"""`seacan compose cp`: files from a container of a service, or into one or all of them."""

from __future__ import annotations

from seacan.cli.compose.one_container import INDEX, container_of, delegate
from seacan.cli.copying.places import split_place
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH
from seacan.compose.containers import containers_of
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("all", "", SWITCH, "Take containers of run, too"),
    Flag("archive", "a", SWITCH, "Keep the numbers of users and groups"),
    Flag("follow-link", "L", SWITCH, "Copy what SRC_PATH leads to, if it is a link"),
    INDEX,
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    (service, source), (other, destination) = map(split_place, arguments)
    words = [f"--{name}" for name in ("archive", "follow-link") if values.on(name)]
    words += ["--quiet", "--"]
    if service and other:
        raise InvalidArgument("copying between services is not supported")
    if service:
        container = container_of(composition, values, service, all_states=True)
        return delegate(composition, "cp", [*words, f"{container.id}:{source}", destination])
    if not other:
        raise InvalidArgument("unknown copy direction")
    for container_id in _targets(composition, values, other):
        code = delegate(composition, "cp", [*words, source, f"{container_id}:{destination}"])
        if code:
            return code
    return 0


def _targets(composition: Composition, values: Values, service: str) -> list[str]:
    """Return the container that --index names, or all of the service."""
    if values.number("index"):
        return [container_of(composition, values, service, all_states=True).id]
    composition.refuse_dry_run()
    found = containers_of(
        composition.client,
        composition.name(),
        services=[service],
        one_off=None if values.on("all") else False,
    )
    if not found:
        raise NotFound(f'no container found for service "{service}"')
    return [container.id for container in found]
