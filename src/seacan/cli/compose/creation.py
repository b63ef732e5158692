"""The flags of commands that make containers, and the project and choices that they come to."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT, many
from seacan.compose.convergence import Choices
from seacan.compose.images import POLICIES
from seacan.compose.plan import Policy
from seacan.errors import InvalidArgument
from seacan.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.model.project import Project

FLAGS = (
    Flag("build", "", SWITCH, "Build images before starting containers"),
    Flag("no-build", "", SWITCH, "Don't build an image, even if it's policy"),
    Flag("pull", "", TEXT, "Pull image before running: always, missing, never", shown='"policy"'),
    Flag("quiet-pull", "", SWITCH, "Pull without printing progress information"),
    Flag("force-recreate", "", SWITCH, "Make containers anew even if nothing has changed"),
    Flag("no-recreate", "", SWITCH, "Keep containers that exist, as they are"),
    Flag("remove-orphans", "", SWITCH, "Remove containers for services not in the compose file"),
    Flag("scale", "", many(str, "stringArray"), "Scale SERVICE to NUM containers: SERVICE=NUM"),
    Flag("yes", "y", SWITCH, "Assume yes as answer to all questions"),
)


def project_to_create(composition: Composition, values: Values, services: list[str]) -> Project:
    """Return the project with what the flags change of it. Raises InvalidArgument."""
    project = composition.complete_project(services)
    if values.on("build") and values.on("no-build"):
        raise InvalidArgument("--build and --no-build are incompatible")
    if values.is_given("pull"):
        require_policy(values.text("pull"))
        project = _with(
            project, {name: {"pull_policy": values.text("pull")} for name in project.services}
        )
    if values.on("no-build"):
        unbuilt = {
            name: {key: value for key, value in one.items() if key != "build"}
            for name, one in project.services.items()
        }
        project = replace(project, services=unbuilt)
    if values.on("build"):
        project = with_builds(project)
    return scaled(project, values.texts("scale"))


def require_policy(policy: str) -> None:
    """Raise InvalidArgument if --pull has no policy."""
    if policy not in POLICIES:
        raise InvalidArgument(f'invalid --pull option "{policy}"')


def with_builds(project: Project) -> Project:
    """Return `project` with all images to be built that can be."""
    built = {name for name, one in project.services.items() if "build" in one}
    return _with(project, {name: {"pull_policy": "build"} for name in built})


def scaled(project: Project, scales: Iterable[str]) -> Project:
    """Return `project` with each SERVICE=NUM in it. Raises InvalidArgument or NotFound."""
    changes: dict[str, dict[str, object]] = {}
    for scale in scales:
        name, equals, number = scale.partition("=")
        if not equals or not number.isdecimal():
            raise InvalidArgument(f'invalid --scale option "{scale}". Should be SERVICE=NUM')
        service = project.service(name)
        changes[name] = {"scale": int(number)}
        if "deploy" in service:
            changes[name]["deploy"] = {**service["deploy"], "replicas": int(number)}
        if int(number) > 1 and service.get("container_name"):
            raise InvalidArgument(
                f'The "{name}" service is using the custom container name '
                f'"{service["container_name"]}". Each container must have a unique name. '
                "Remove the custom name to scale the service"
            )
    return _with(project, changes)


def _with(project: Project, changes: dict[str, dict[str, object]]) -> Project:
    services = {name: {**one, **changes.get(name, {})} for name, one in project.services.items()}
    return replace(project, services=services)


def choices_of(
    composition: Composition, values: Values, services: list[str], *, rolling: bool
) -> Choices:
    """Return how containers are to be made. Raises InvalidArgument for flags at odds.

    `rolling`: they are to be started, too, so that services can be updated by and by.
    """
    for one, other in (("force-recreate", "no-recreate"), ("no-recreate", "renew-anon-volumes")):
        if _is_on(values, one) and _is_on(values, other):
            raise InvalidArgument(f"--{one} and --{other} are incompatible")
    policy = dependency_policy = Policy.DIVERGED
    if _is_on(values, "force-recreate") or _is_on(values, "renew-anon-volumes"):
        policy = Policy.FORCE
    if _is_on(values, "always-recreate-deps"):
        dependency_policy = Policy.FORCE
    if _is_on(values, "no-recreate"):
        policy = dependency_policy = Policy.NEVER
    remove_orphans = _is_on(values, "remove-orphans") or composition.environment_is_on(
        "COMPOSE_REMOVE_ORPHANS"
    )
    return Choices(
        services=tuple(services),
        policy=policy,
        dependency_policy=dependency_policy,
        renew_volumes=_is_on(values, "renew-anon-volumes"),
        timeout_s=values.number("timeout") if values.is_given("timeout") else None,
        remove_orphans=remove_orphans,
        ignore_orphans=composition.environment_is_on("COMPOSE_IGNORE_ORPHANS"),
        assume_yes=_is_on(values, "yes"),
        rolling=rolling,
    )


def _is_on(values: Values, name: str) -> bool:
    """Whether a switch is on that not all of these commands have."""
    return values.is_given(name) and values.on(name)
