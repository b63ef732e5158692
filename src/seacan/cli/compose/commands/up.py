"""`seacan compose up`: containers made and started, and what they print until they end."""

from __future__ import annotations

import sys

from seacan.cli.compose import creation
from seacan.cli.compose.consent import ask_about_remote_files
from seacan.cli.flags import Flag
from seacan.cli.terminal import is_terminal
from seacan.cli.values import INT, SWITCH, SWITCH_ON, TEXT, many
from seacan.compose.convergence import converge
from seacan.compose.model.project import with_selected_services
from seacan.compose.model.switches import is_on
from seacan.compose.standing import Standing
from seacan.compose.starting import start
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from seacan.cli.compose.bottom import Bottom
    from seacan.cli.compose.composition import Composition
    from seacan.cli.compose.foreground import Choices, OnExit
    from seacan.cli.flags import Values
    from seacan.compose.model.project import Project
    from seacan.compose.rolling import Update
    from seacan.compose.watch_rules import Rule
    from seacan.compose.worksite import Worksite

_LIST = many(str, "stringArray")

FLAGS = (
    *creation.FLAGS,
    Flag("abort-on-container-exit", "", SWITCH, "Stop all containers if one has ended"),
    Flag("abort-on-container-failure", "", SWITCH, "Stop all containers if one has failed"),
    Flag("always-recreate-deps", "", SWITCH, "Make containers of dependencies anew, too"),
    Flag("attach", "", _LIST, "Show the output of these services alone"),
    Flag("attach-dependencies", "", SWITCH, "Show the output of dependencies, too"),
    Flag("detach", "d", SWITCH, "Run containers in the background"),
    Flag("exit-code-from", "", TEXT, "End with the exit code of this service"),
    Flag("menu", "", SWITCH_ON, "Offer keys to press while attached, on a terminal", shown="true"),
    Flag("no-attach", "", _LIST, "Do not show the output of these services"),
    Flag("no-color", "", SWITCH, "Print without colors"),
    Flag("no-deps", "", SWITCH, "Don't start what services depend on"),
    Flag("no-log-prefix", "", SWITCH, "Don't print the container before each line"),
    Flag("no-start", "", SWITCH, "Don't start the services after making them"),
    Flag("quiet-build", "", SWITCH, "Don't print what building prints"),
    Flag("renew-anon-volumes", "V", SWITCH, "Make anonymous volumes anew"),
    Flag("timeout", "t", INT, "Seconds until a container that does not stop is killed"),
    Flag("timestamps", "", SWITCH, "Show when each line was printed"),
    Flag("wait", "", SWITCH, "Wait until services run, or are healthy; implies --detach"),
    Flag("wait-timeout", "", INT, "Seconds to wait at most"),
    Flag("watch", "w", SWITCH, "Watch source code, and renew containers when it changes"),
)
_OF_ATTACHED = (
    "abort-on-container-exit",
    "abort-on-container-failure",
    "attach",
    "attach-dependencies",
    "exit-code-from",
    "watch",
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    _check(values)
    project = creation.project_to_create(composition, values, arguments)
    if values.on("no-deps"):
        project = with_selected_services(project, arguments, dependencies=False)
    if not project.services and not composition.all_resources:
        raise InvalidArgument("no service selected")
    if values.text("exit-code-from"):
        project.service(values.text("exit-code-from"))
    ask_about_remote_files(composition, assume_yes=values.on("yes"))
    shown = _shown(project, values, arguments)
    site = composition.site(
        "up", quiet_pull=values.on("quiet-pull"), quiet_build=values.on("quiet-build")
    )
    rules = _watch_rules(site, project) if values.on("watch") else None
    with Standing(site, project):
        rolling = not (values.on("no-start") or composition.dry_run)
        choices = creation.choices_of(composition, values, arguments, rolling=rolling)
        made = converge(site, project, choices)
        if values.on("no-start"):
            return 0
        if values.on("detach") or values.on("wait") or composition.dry_run:
            limit_s = values.number("wait-timeout") or None
            start(
                site,
                project,
                containers=made.containers,
                updates=made.updates,
                wait=values.on("wait"),
                timeout_s=limit_s,
            )
            return 0
        from seacan.cli.compose.foreground import Choices

        attached = Choices(
            asked=arguments,
            shown=shown,
            colors=composition.colors and not values.on("no-color"),
            menu=_menu(composition, values),
            watch_rules=rules,
            on_exit=_on_exit(values),
            exit_code_from=values.text("exit-code-from"),
            timeout_s=values.number("timeout") if values.is_given("timeout") else None,
        )
        return _attach(composition, values, project, attached, made.updates)


def _attach(
    composition: Composition,
    values: Values,
    project: Project,
    choices: Choices,
    updates: Mapping[str, Update],
) -> int:
    from seacan.cli.compose.foreground import Foreground
    from seacan.cli.compose.log_lines import LogLines

    if composition.bottom is not None:
        composition.bottom.leave()
    lines = LogLines(
        colors=choices.colors,
        prefix=not values.on("no-log-prefix"),
        own_times=values.on("timestamps"),
        output=composition.output(sys.stdout),
    )
    site = composition.site("up", lines=True, quiet_build=values.on("quiet-build"))
    return Foreground(site, project, lines, choices, updates).run()


def _menu(composition: Composition, values: Values) -> Bottom | None:
    """Return where keys to press are shown: on a terminal, unless somebody does not want them."""
    wanted = is_on(composition.environment, "COMPOSE_MENU", default=True)
    if values.is_given("menu"):
        wanted = values.on("menu")
    return composition.bottom if wanted and all(map(is_terminal, range(3))) else None


def _watch_rules(site: Worksite, project: Project) -> list[Rule]:
    from seacan.cli.compose.watching import watch_rules

    return watch_rules(site, project)


def _check(values: Values) -> None:
    """Raise InvalidArgument for flags that do not go together."""
    if values.on("abort-on-container-exit") and values.on("abort-on-container-failure"):
        raise InvalidArgument(
            "--abort-on-container-failure cannot be combined with --abort-on-container-exit"
        )
    if any(values.is_given(name) for name in _OF_ATTACHED):
        if values.on("wait"):
            raise InvalidArgument(
                "--wait cannot be combined with --abort-on-container-exit, --attach or "
                "--attach-dependencies"
            )
        if values.on("detach"):
            raise InvalidArgument(
                "--detach cannot be combined with --abort-on-container-exit, "
                "--abort-on-container-failure, --attach, --attach-dependencies or --watch"
            )
    if values.texts("attach") and values.on("attach-dependencies"):
        raise InvalidArgument("cannot combine --attach and --attach-dependencies")
    if values.on("always-recreate-deps") and values.on("no-recreate"):
        raise InvalidArgument("--always-recreate-deps and --no-recreate are incompatible")


def _on_exit(values: Values) -> OnExit:
    from seacan.cli.compose.foreground import OnExit

    if values.on("abort-on-container-failure"):
        return OnExit.STOP_ON_FAILURE
    if values.on("abort-on-container-exit") or values.text("exit-code-from"):
        return OnExit.STOP
    return OnExit.GO_ON


def _shown(project: Project, values: Values, arguments: list[str]) -> set[str]:
    """Return the services whose output is shown."""
    asked = set(values.texts("attach"))
    if asked:
        unknown = sorted(asked - set(project.services))
        if unknown:
            raise InvalidArgument(
                f"cannot attach to services not included in up: {', '.join(unknown)}"
            )
    else:
        with_them = values.on("attach-dependencies")
        chosen = with_selected_services(project, arguments, dependencies=with_them).services
        asked = {name for name, one in chosen.items() if one.get("attach", True)}
    return asked - set(values.texts("no-attach"))
