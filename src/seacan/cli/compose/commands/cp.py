"""`seacan compose cp`: files from a container of a service, or into one or all of them."""

from __future__ import annotations

from seacan.cli.compose.one_container import INDEX, container_of, delegate
from seacan.cli.copying.places import split_place
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH
from seacan.compose.containers import containers_of
from seacan.compose.worksite import Outcome
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.containers import Found

FLAGS = (
    Flag("all", "", SWITCH, "Take containers of run, too"),
    Flag("archive", "a", SWITCH, "Keep the numbers of users and groups"),
    Flag("follow-link", "L", SWITCH, "Copy what SRC_PATH leads to, if it is a link"),
    INDEX,
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    composition.refuse_dry_run()
    (service, source), (other, destination) = map(split_place, arguments)
    words = [f"--{name}" for name in ("archive", "follow-link") if values.on(name)]
    words += ["--quiet", "--"]
    if service and other:
        raise InvalidArgument("copying between services is not supported")
    if not service and not other:
        raise InvalidArgument("unknown copy direction")

    def ends(name: str) -> list[str]:
        return [f"{name}:{source}", destination] if service else [source, f"{name}:{destination}"]

    progress = composition.site("copy").progress
    found = _containers(composition, values, service or other)
    for container in found[:1] if service else found:
        what = f"{container.name} copy {' to '.join(ends(container.name))}"
        progress.show(what, "Copying")
        code = delegate(composition, "cp", [*words, *ends(container.id)])
        if code:
            return code
        progress.show(what, "Copied", Outcome.DONE)
    return 0


def _containers(composition: Composition, values: Values, service: str) -> list[Found]:
    """Return the container that --index names, or all of the service, the first one first."""
    if values.number("index"):
        return [container_of(composition, values, service, all_states=True)]
    found = containers_of(
        composition.client,
        composition.name(),
        services=[service],
        one_off=None if values.on("all") else False,
    )
    if not found:
        raise NotFound(f'no container found for service "{service}"')
    return sorted(found, key=lambda container: (container.is_one_off, container.number))
