"""`seacan compose build`: the images of services that have a Dockerfile."""

from __future__ import annotations

from seacan.cli.compose.building import build
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT, many
from seacan.compose.images import in_build_order
from seacan.compose.names import image_of
from seacan.compose.project import with_selected_services
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("build-arg", "", many(str, "stringArray"), "Value of an ARG, NAME=VALUE"),
    Flag("memory", "m", TEXT, "Memory limit of RUN"),
    Flag("no-cache", "", SWITCH, "Do all steps again"),
    Flag("progress", "", TEXT, "How to show progress: auto, tty, plain, quiet"),
    Flag("pull", "", SWITCH, "Ask for newer versions of images that they are based on"),
    Flag("push", "", SWITCH, "Push the images"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
    Flag("ssh", "", TEXT, "Agent for all images, default or ID=SOCKET|KEY[,KEY]"),
    Flag("with-dependencies", "", SWITCH, "Build images of services that they depend on, too"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    composition.refuse_dry_run()
    project = composition.project(arguments)
    wanted = project
    if not values.on("with-dependencies"):
        wanted = with_selected_services(project, arguments, dependencies=False)
    words = [f"--build-arg={text}" for text in values.texts("build-arg")]
    words += [f"--{name}" for name in ("no-cache", "pull", "push", "quiet") if values.on(name)]
    words += [
        f"--{name}={values.text(name)}" for name in ("memory", "progress") if values.text(name)
    ]
    words += _ssh(values.text("ssh"))
    built = [name for name, one in sorted(wanted.services.items()) if "build" in one]
    if not built:
        composition.notices.warn("No services to build")
    for name in in_build_order(project, built):
        build(composition, project, name, tuple(words))
        if not values.on("quiet"):
            print(f" {image_of(project.name, name, project.services[name])}  Built", flush=True)
    return 0


def _ssh(text: str) -> list[str]:
    """Return the flag of an agent, which comes in the place of a file's with the same id."""
    if text and text != "default" and "=" not in text:
        raise InvalidArgument(f'invalid ssh key "{text}"')
    return [f"--ssh={text}"] if text else []
