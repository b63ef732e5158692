"""`seacan history`: the steps that an image was made in."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.rows import print_rows
from seacan.cli.output.table import ellipsis, short_id
from seacan.cli.output.template import require_json
from seacan.cli.output.units import age, decimal_size, utc_time
from seacan.cli.platform import platform_json
from seacan.cli.values import SWITCH, TEXT, switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("format", "", TEXT, "How to print it: table or json"),
    Flag("human", "H", switch(True), "Print sizes and times as people say them"),
    Flag("no-trunc", "", SWITCH, "Print whole ids and commands"),
    Flag("platform", "", TEXT, "Show the history of this platform's image, as in linux/arm64"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
)

_HEADERS = {
    "ID": "IMAGE",
    "CreatedSince": "CREATED",
    "CreatedBy": "CREATED BY",
    "Size": "SIZE",
    "Comment": "COMMENT",
}
_COMMAND_COLUMNS = 45


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_json(values.text("format"), "table")
    platform = platform_json(values.text("platform"))
    steps = session.client.images.history(arguments[0], platform=platform)
    now, whole, human = time.time(), values.on("no-trunc"), values.on("human")
    headers = dict(_HEADERS) if human else _without_ages()
    rows = [history_fields(step, now=now, whole=whole, human=human) for step in steps]
    print_rows(rows, headers, values)
    return 0


def _without_ages() -> dict[str, str]:
    names = {"CreatedSince": "CreatedAt"}
    headers = {names.get(name, name): header for name, header in _HEADERS.items()}
    return headers | {"CreatedAt": "CREATED AT"}


def history_fields(step: dict[str, Any], *, now: float, whole: bool, human: bool) -> dict[str, str]:
    """Return the fields of one item of `GET /images/NAME/history`."""
    command = step["CreatedBy"].replace("\t", " ")
    return {
        "Comment": step["Comment"],
        "CreatedAt": utc_time(step["Created"]),
        "CreatedBy": command if whole else ellipsis(command, _COMMAND_COLUMNS),
        "CreatedSince": f"{age(now - step['Created'])} ago" if step["Created"] >= 0 else "N/A",
        "ID": step["Id"] if whole else short_id(step["Id"]),
        "Size": decimal_size(step["Size"]) if human else str(step["Size"]),
    }
