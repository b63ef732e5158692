"""`seacan compose build`: the images of services that have a Dockerfile."""

from __future__ import annotations

from seacan.cli.build.options import build_args
from seacan.cli.compose.building import build, delegate_build
from seacan.cli.compose.one_container import flag_words
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT, many
from seacan.compose.bake_file import bake_file
from seacan.compose.images import context_services, in_build_order
from seacan.compose.model.output import json_text
from seacan.compose.model.project import with_selected_services
from seacan.compose.names import image_of
from seacan.errors import InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.model.project import Project

FLAGS = (
    Flag("build-arg", "", many(str, "stringArray"), "Value of an ARG, NAME=VALUE"),
    Flag("builder", "", TEXT, "Not supported: the daemon is the one builder"),
    Flag("check", "", SWITCH, "Look at the Dockerfiles, and build nothing"),
    Flag("memory", "m", TEXT, "Memory limit of RUN"),
    Flag("no-cache", "", SWITCH, "Do all steps again"),
    Flag("print", "", SWITCH, "Print what is to be built as a bake file, and build nothing"),
    Flag("progress", "", TEXT, "How to show progress: auto, tty, plain, quiet"),
    Flag("provenance", "", TEXT, "Not supported, but for false: images have no attestations"),
    Flag("pull", "", SWITCH, "Ask for newer versions of images that they are based on"),
    Flag("push", "", SWITCH, "Push the images"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
    Flag("sbom", "", TEXT, "Not supported, but for false: images have no attestations"),
    Flag("ssh", "", TEXT, "Agent for all images, default or ID=SOCKET|KEY[,KEY]"),
    Flag("with-dependencies", "", SWITCH, "Build images of services that they depend on, too"),
    *(
        Flag(name, "", SWITCH, "", deprecated="it has no effect")
        for name in ("parallel", "compress", "force-rm", "no-rm")
    ),
)
_NOT_SUPPORTED = {
    "builder": ("", "the daemon is the one builder"),
    "provenance": ("false", "images have no attestations"),
    "sbom": ("false", "images have no attestations"),
}


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    composition.refuse_dry_run()
    _refuse(values)
    project = _project(composition, arguments)
    wanted = project
    if not values.on("with-dependencies"):
        wanted = with_selected_services(project, arguments, dependencies=False)
    built = _with_contexts(project, wanted.services)
    if not built:
        composition.notices.warn("No services to build")
        return 0
    if values.on("print"):
        return _print(project, built, values)
    ordered, words = in_build_order(project, built), _words(values)
    if values.on("check"):
        return max([_check(composition, project, name, words) for name in ordered])
    for name in ordered:
        build(composition, project, name, words)
        if not values.on("quiet"):
            print(f" {image_of(project, name, project.services[name])}  Built", flush=True)
    return 0


def _project(composition: Composition, arguments: list[str]) -> Project:
    """Return the application with what is asked for, and what the builds of that need."""
    names = list(arguments)
    while True:
        project = composition.project(names)
        needed = {each for one in project.services.values() for each in context_services(one)}
        if not needed - project.services.keys():
            return project
        names += sorted(needed - project.services.keys())


def _with_contexts(project: Project, names: Iterable[str]) -> list[str]:
    """Return the services of `names` that are built, and those whose images are their contexts."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found and "build" in project.services[name]:
            found.add(name)
            left += context_services(project.services[name])
    return sorted(found)


def _refuse(values: Values) -> None:
    for name, (nothing, why) in _NOT_SUPPORTED.items():
        if values.text(name) not in ("", nothing):
            raise Unsupported(f"--{name}={values.text(name)} is not supported: {why}")


def _words(values: Values) -> tuple[str, ...]:
    words = [f"--build-arg={text}" for text in values.texts("build-arg")]
    words += [f"--{name}" for name in ("no-cache", "pull", "push", "quiet") if values.on(name)]
    words += flag_words(values, "memory", "progress")
    return (*words, *_ssh(values.text("ssh")))


def _check(composition: Composition, project: Project, name: str, words: tuple[str, ...]) -> int:
    """Print what is found in the Dockerfile of service `name`; return 1 if there is anything."""
    print(f"{name}:", flush=True)
    return delegate_build(composition, project, name, (*words, "--check"))


def _print(project: Project, built: list[str], values: Values) -> int:
    agent, _, path = values.text("ssh").partition("=")
    given = {
        "args": build_args(values.texts("build-arg")),
        "ssh": {agent: path} if _ssh(values.text("ssh")) else {},
        **{name: True for name in ("no-cache", "pull") if values.on(name)},
    }
    if values.on("check"):
        given["call"] = "lint"
    print(json_text(bake_file(project, built, given, push=values.on("push")), indent=2))
    return 0


def _ssh(text: str) -> list[str]:
    """Return the flag of an agent, which comes in the place of a file's with the same id."""
    if text and text != "default" and "=" not in text:
        raise InvalidArgument(f'invalid ssh key "{text}"')
    return [f"--ssh={text}"] if text else []
