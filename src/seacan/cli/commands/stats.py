"""`seacan stats`: what containers use, each second anew, or once."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.rows import print_format
from seacan.cli.output.stats_fields import HEADERS, stats_fields
from seacan.cli.output.template import require_json
from seacan.cli.parallel import outcomes
from seacan.cli.session import complain
from seacan.cli.values import SWITCH, TEXT
from seacan.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.client.containers import Containers

FLAGS = (
    Flag("all", "a", SWITCH, "Show all containers, not only those that run"),
    Flag("format", "", TEXT, "How to print it: table or json"),
    Flag("no-stream", "", SWITCH, "Show it once"),
    Flag("no-trunc", "", SWITCH, "Print whole ids"),
)

_HOME_AND_CLEAR = "\033[H\033[J"
_LEAST_S = 1.0  # from one picture to the next


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_json(values.text("format"), "table")
    containers = session.client.containers
    if values.on("no-stream"):
        return _show(containers, values, arguments)
    code = 0
    while not code:
        start = time.monotonic()
        code = _show(containers, values, arguments, before=_HOME_AND_CLEAR)
        # Two readings are a second apart; of none that runs there is no wait.
        time.sleep(max(0.0, _LEAST_S - (time.monotonic() - start)))
    return code


def _show(containers: Containers, values: Values, arguments: list[str], *, before: str = "") -> int:
    """Print one picture. Return 1 if there is no container of a name that was given."""
    names = arguments or [one["Id"] for one in containers.list(all_states=values.on("all"))]
    found: dict[str, dict[str, Any]] = {}

    def ask(name: str) -> None:
        found[name] = containers.stats(name)

    failures = [error for _, error in outcomes(names, ask) if error]
    whole = values.on("no-trunc")
    rows = [stats_fields(name, found[name], whole=whole) for name in names if name in found]
    print(before, end="")
    print_format(rows, HEADERS, values.text("format"))
    print(end="", flush=True)
    if not arguments:  # one that was removed just now is missed by nobody
        failures = [error for error in failures if not isinstance(error, NotFound)]
    for error in failures:
        complain(str(error))
    return 1 if failures else 0
