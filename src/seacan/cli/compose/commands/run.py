"""`seacan compose run`: a command in a container of its own, made as those of a service are."""

from __future__ import annotations

import os

from seacan.cli.compose.creation import require_policy
from seacan.cli.compose.one_container import delegate
from seacan.cli.flags import Flag
from seacan.cli.input import environment_of
from seacan.cli.terminal import is_terminal, require_terminal
from seacan.cli.values import SWITCH, SWITCH_ON, TEXT, TEXTS, many
from seacan.compose.model.shell_words import shell_words
from seacan.compose.model.short_syntax import ports, volume
from seacan.compose.one_off import Changes, create_one_off, start_dependencies
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

_LIST = many(str, "stringArray")
FLAGS = (
    Flag("build", "", SWITCH, "Build image before starting container"),
    Flag("cap-add", "", TEXTS, "Capability to add"),
    Flag("cap-drop", "", TEXTS, "Capability to drop"),
    Flag("detach", "d", SWITCH, "Leave it running in the background, and print its id"),
    Flag("entrypoint", "", TEXT, "Run this instead of the image's entrypoint"),
    Flag("env", "e", _LIST, "Variable, NAME=VALUE, or NAME to pass this shell's on"),
    Flag("env-from-file", "", _LIST, "File of variables, one a line"),
    Flag("interactive", "i", SWITCH_ON, "Attach standard input", shown="true"),
    Flag("label", "l", _LIST, "Label, NAME=VALUE"),
    Flag("name", "", TEXT, "Name of the container"),
    Flag("no-TTY", "T", SWITCH, "Give it no terminal; the default where there is none here"),
    Flag("no-deps", "", SWITCH, "Don't start what the service depends on"),
    Flag("publish", "p", _LIST, "Publish a port"),
    Flag("pull", "", TEXT, "Pull image before running: always, missing, never", shown='"policy"'),
    Flag("quiet", "q", SWITCH, "Print no progress"),
    Flag("quiet-build", "", SWITCH, "Don't print what building prints"),
    Flag("quiet-pull", "", SWITCH, "Pull without printing progress information"),
    Flag("remove-orphans", "", SWITCH, "Remove containers for services not in the compose file"),
    Flag("rm", "", SWITCH, "Remove it at its end"),
    Flag("service-ports", "P", SWITCH, "Publish the ports of the service"),
    Flag("tty", "t", SWITCH_ON, "Give it a terminal", shown="true"),
    Flag("use-aliases", "", SWITCH, "Give it the names of the service in networks"),
    Flag("user", "u", TEXT, "User, by name or number"),
    Flag("volume", "v", _LIST, "Mount a volume"),
    Flag("workdir", "w", TEXT, "Directory to start in"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    name, command = arguments[0], arguments[1:]
    _check(values)
    tty = values.on("tty") and not values.on("no-TTY") and is_terminal(1)
    stdin = values.on("interactive") and not values.on("detach")
    require_terminal(stdin=stdin, tty=tty)
    project = composition.complete_project([name])
    service = project.service(name)
    if values.is_given("pull"):
        require_policy(values.text("pull"))
        service = {**service, "pull_policy": values.text("pull")}
    if values.on("build") and "build" in service:
        service = {**service, "pull_policy": "build"}
    site = composition.site(
        "run",
        quiet=values.on("quiet"),
        quiet_pull=values.on("quiet-pull"),
        quiet_build=values.on("quiet-build"),
    )
    changes = Changes(
        service={**service, **_changed(service, values, command), "tty": tty, "stdin_open": stdin},
        name=values.text("name"),
        is_removed=values.on("rm"),
        stdin=stdin,
        aliases=values.on("use-aliases"),
        labels=dict(label.partition("=")[::2] for label in values.texts("label")),
        remove_orphans=values.on("remove-orphans"),
        ignore_orphans=composition.environment_is_on("COMPOSE_IGNORE_ORPHANS"),
    )
    if not values.on("no-deps"):
        start_dependencies(site, project, name, changes)
    container = create_one_off(site, project, name, changes)
    if composition.dry_run:
        return 0
    if values.on("detach"):
        site.client.containers.start(container)
        print(container)
        return 0
    words = ["--attach", *(["--interactive"] if stdin else []), "--", container]
    return delegate(composition, "start", words)


def _check(values: Values) -> None:
    if values.on("service-ports") and values.texts("publish"):
        raise InvalidArgument("--service-ports and --publish are incompatible")


def _changed(service: dict[str, Any], values: Values, command: list[str]) -> dict[str, Any]:
    """Return the keys of the service that flags and words of the command line change."""
    changed: dict[str, Any] = {}
    if values.is_given("entrypoint"):
        changed["entrypoint"] = shell_words(values.text("entrypoint"))
        changed["command"] = []
    if command:
        changed["command"] = command
    for flag, key in (("user", "user"), ("workdir", "working_dir")):
        if values.text(flag):
            changed[key] = values.text(flag)
    given = environment_of(values.texts("env-from-file"), values.texts("env"))
    if given:
        changed["environment"] = {**service.get("environment", {}), **_variables(given)}
    added, dropped = values.texts("cap-add"), values.texts("cap-drop")
    if added or dropped:
        changed["cap_add"] = [
            one for one in service.get("cap_add", ()) if one not in dropped
        ] + added
        changed["cap_drop"] = [
            one for one in service.get("cap_drop", ()) if one not in added
        ] + dropped
    changed["volumes"] = service.get("volumes", []) + [
        _mount(text) for text in values.texts("volume")
    ]
    if not values.on("service-ports"):
        changed["ports"] = [port for text in values.texts("publish") for port in ports(text)]
    return changed


def _variables(given: list[str]) -> dict[str, str]:
    """Return names with values; one without a value that is not set here is left out."""
    found = {}
    for line in given:
        name, equals, value = line.partition("=")
        if equals or name in os.environ:
            found[name] = value if equals else os.environ[name]
    return found


def _mount(text: str) -> dict[str, Any]:
    mount = volume(text)
    if mount["type"] == "bind":
        mount["source"] = os.path.abspath(os.path.expanduser(mount["source"]))
    return mount
