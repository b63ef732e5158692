"""`seacan compose logs`: what the containers of a project have printed, side by side."""

from __future__ import annotations

import sys
import time

from seacan.cli.compose.followers import Followers
from seacan.cli.compose.log_lines import LogLines
from seacan.cli.flags import Flag
from seacan.cli.times import timestamp
from seacan.cli.values import INT, SWITCH, TEXT, one
from seacan.compose.actual import require_services
from seacan.compose.containers import containers_of
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.containers import Found

FLAGS = (
    Flag("follow", "f", SWITCH, "Go on as more comes"),
    Flag("index", "", INT, "Of a service with several containers, that with this number"),
    Flag("no-color", "", SWITCH, "Print without colors"),
    Flag("no-log-prefix", "", SWITCH, "Don't print the container before each line"),
    Flag("since", "", TEXT, "From then on: 2013-01-02T13:23:37Z, or 42m ago"),
    Flag("tail", "n", one("string", "all", str), "Lines from the end of each", shown='"all"'),
    Flag("timestamps", "t", SWITCH, "Show when each line was printed"),
    Flag("until", "", TEXT, "Up to then, written as for --since"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    containers = _chosen(composition, values, arguments)
    lines = LogLines(
        output=sys.stdout,
        colors=composition.colors and not values.on("no-color"),
        prefix=not values.on("no-log-prefix"),
    )
    followers = Followers(composition.client, lines)
    now = time.time()
    for container in containers:
        lines.expect(container.short_name)
    for container in containers:
        followers.follow(
            container.id,
            container.short_name,
            follow=values.on("follow"),
            since=timestamp(values.text("since"), "since", now=now),
            until=timestamp(values.text("until"), "until", now=now),
            tail=values.text("tail"),
            timestamps=values.on("timestamps"),
        )
    followers.join()
    return 0


def _chosen(composition: Composition, values: Values, arguments: list[str]) -> list[Found]:
    project, name = composition.project_or_name(arguments)
    services = arguments
    if project is not None:
        require_services(project, arguments)
        services = arguments or sorted(project.services)
    containers = containers_of(composition.client, name, services=services)
    index = values.number("index")
    if not index:
        return containers
    if len(arguments) != 1:
        raise InvalidArgument("--index requires one service to be selected")
    chosen = [container for container in containers if container.number == index]
    if not chosen:
        raise NotFound(f'service "{arguments[0]}" is not running container #{index}')
    return chosen
