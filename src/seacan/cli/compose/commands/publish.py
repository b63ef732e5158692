"""`seacan compose publish`: an application into a registry, for `-f oci://…` to take it from."""

from __future__ import annotations

import time

from seacan.cli.compose.consent import require
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT
from seacan.compose.artifacts import Layer, published
from seacan.compose.model.project import with_services_enabled
from seacan.compose.model.remote_files import is_remote
from seacan.compose.publishing import layers_of
from seacan.compose.pulling import push_built
from seacan.compose.worksite import Telling
from seacan.errors import InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.model.project import Project

FLAGS = (
    Flag("app", "", SWITCH, "Not supported: images are not copied into the artifact"),
    Flag("oci-version", "", TEXT, "Version of the artifact's format: 1.0 or 1.1 (default)"),
    Flag("resolve-image-digests", "", SWITCH, "Pin image tags to digests"),
    Flag("with-env", "", SWITCH, "Publish environment variables and files of them, too"),
    Flag("yes", "y", SWITCH, "Assume yes as answer to all questions"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    if values.on("app"):
        raise Unsupported(
            "--app is not supported: images stay where they are; --resolve-image-digests pins them"
        )
    composition.refuse_dry_run()
    reference = arguments[0]
    project = composition.project()
    project = with_services_enabled(project, project.disabled)
    _check(composition, project)
    if not values.on("yes"):
        _ask(project, with_env=values.on("with-env"))
    site = composition.site("publish")
    push_built(site, project, ignore_failures=True)
    layers = layers_of(
        project.files,
        project.directory,
        project.environment,
        with_variables=values.on("with-env"),
    )
    if values.on("resolve-image-digests"):
        from seacan.cli.compose.pinning import override_text

        layers.append(Layer("image-digests.yaml", override_text(composition, project).encode()))
    with Telling(site, reference, "publishing", "published"):
        published(
            site.client,
            site.registry_headers,
            reference,
            layers,
            oci=values.text("oci-version") or "1.1",
            now=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )
    return 0


def _check(composition: Composition, project: Project) -> None:
    """Raise InvalidArgument for what an artifact cannot have."""
    for path in composition.application.included:
        if not is_remote(path):
            raise InvalidArgument("cannot publish compose file with local includes")
    unnamed = sorted(
        name for name, one in project.services.items() if "build" in one and "image" not in one
    )
    if unnamed:
        lines = "".join(f'- "{name}"\n' for name in unnamed)
        raise InvalidArgument(
            "your Compose stack cannot be published as it only contains a build section for "
            f"service(s):\n{lines}"
        )


def _ask(project: Project, *, with_env: bool) -> None:
    """Ask about what its user may not want to be known. Raises InvalidArgument for a no."""
    mounts = [
        f"{name}: {mount.get('source', '')}:{mount.get('target', '')}\n"
        for name, one in sorted(project.services.items())
        for mount in one.get("volumes", ())
        if mount.get("type") == "bind"
    ]
    if mounts:
        require(
            "you are about to publish bind mounts declaration within your OCI artifact.\n"
            "only the bind mount declarations will be added to the OCI artifact (not content)\n"
            f"{''.join(mounts)}Are you ok to publish these bind mount declarations?",
            default=False,
        )
    reasons, variables = _variables(project)
    if reasons and not with_env:
        raise InvalidArgument(
            f"{''.join(reasons)}To avoid leaking sensitive data, you must either explicitly allow "
            "the sending of environment variables by using the --with-env flag,\n"
            "or remove sensitive data from your Compose configuration"
        )
    if variables:
        require(
            "you are about to publish environment variables within your OCI artifact.\n"
            "please double check that you are not leaking sensitive data\n"
            f"{''.join(variables)}Are you ok to publish these environment variables?",
            default=False,
        )


def _variables(project: Project) -> tuple[list[str], list[str]]:
    """Return why there are variables, and which."""
    reasons, variables = [], []
    for name, service in sorted(project.services.items()):
        if service.get("env_file"):
            reasons.append(f'service "{name}" has env_file declared.\n')
        if service.get("environment"):
            reasons.append(f'service "{name}" has environment variable(s) declared.\n')
            variables.append(f"Service/Config  {name}\n")
            variables += [f"{key}={value}\n" for key, value in service["environment"].items()]
    for name, config in sorted(project.configs.items()):
        if config.get("environment"):
            reasons.append(f'config "{name}" is declare as an environment variable.\n')
            variables.append(f"Service/Config  {name}\n{name}={config['environment']}\n")
    return reasons, variables
