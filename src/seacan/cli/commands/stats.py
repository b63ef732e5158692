"""`seacan stats`: what containers use, each second anew, or once."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.rows import chosen_format, text_of
from seacan.cli.output.stats_fields import STATS, stats_fields
from seacan.cli.output.table import short_id
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
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("no-stream", "", SWITCH, "Show it once"),
    Flag("no-trunc", "", SWITCH, "Print whole ids"),
)

_HOME_AND_CLEAR = "\033[H\033[J"
_LEAST_S = 1.0  # from one picture to the next


def run(session: Session, values: Values, arguments: list[str]) -> int:
    containers, form = session.client.containers, chosen_format(session, values, "statsFormat")
    if values.on("no-stream"):
        return _show(containers, values, form, arguments)
    code = 0
    while not code:
        start = time.monotonic()
        code = _show(containers, values, form, arguments, before=_HOME_AND_CLEAR)
        # Two readings are a second apart; of none that runs there is no wait.
        time.sleep(max(0.0, _LEAST_S - (time.monotonic() - start)))
    return code


def _listed(containers: Containers, values: Values) -> list[dict[str, Any]]:
    return containers.list(all_states=values.on("all"))


def _show(
    containers: Containers, values: Values, form: str, arguments: list[str], *, before: str = ""
) -> int:
    """Print one picture. Return 1 if there is no container of a name that was given."""
    names = arguments or [short_id(one["Id"]) for one in _listed(containers, values)]
    found: dict[str, dict[str, Any]] = {}

    def ask(name: str) -> None:
        found[name] = containers.stats(name)

    failures = [error for _, error in outcomes(names, ask) if error]
    if arguments and failures:
        for error in failures:
            complain(str(error))
        return 1
    whole = values.on("no-trunc")
    rows = [stats_fields(name, found[name], whole=whole) for name in names if name in found]
    print(before + text_of(STATS, rows, form), end="", flush=True)
    # One that was removed just now is missed by nobody.
    failures = [error for error in failures if not isinstance(error, NotFound)]
    for error in failures:
        complain(str(error))
    return 1 if failures else 0
