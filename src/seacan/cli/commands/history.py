"""`seacan history`: the steps that an image was made in."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.rows import Listing, Row, print_rows
from seacan.cli.output.table import ellipsis, short_id
from seacan.cli.output.units import age, decimal_size, utc_time
from seacan.cli.platform import platform_json
from seacan.cli.values import SWITCH, TEXT, switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("human", "H", switch(True), "Print sizes and times as people say them"),
    Flag("no-trunc", "", SWITCH, "Print whole ids and commands"),
    Flag("platform", "", TEXT, "Show the history of this platform's image, as in linux/arm64"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
)

_HISTORY = Listing(
    "*image.historyContext",
    {
        "ID": "IMAGE",
        "CreatedSince": "CREATED",
        "CreatedAt": "CREATED AT",
        "CreatedBy": "CREATED BY",
        "Size": "SIZE",
        "Comment": "COMMENT",
    },
    ("ID", "CreatedSince", "CreatedBy", "Size", "Comment"),
)
_NOT_HUMAN = ("ID", "CreatedAt", "CreatedBy", "Size", "Comment")
_COMMAND_COLUMNS = 45


def run(session: Session, values: Values, arguments: list[str]) -> int:
    platform = platform_json(values.text("platform"))
    steps = session.client.images.history(arguments[0], platform=platform)
    now, whole, human = time.time(), values.on("no-trunc"), values.on("human")
    rows = [history_fields(step, now=now, whole=whole, human=human) for step in steps]
    quiet = "ID" if values.on("quiet") else ""
    columns = None if human else _NOT_HUMAN
    print_rows(_HISTORY, rows, values.text("format"), quiet=quiet, columns=columns)
    return 0


def history_fields(step: dict[str, Any], *, now: float, whole: bool, human: bool) -> Row:
    """Return the fields of one item of `GET /images/NAME/history`."""
    command = step["CreatedBy"].replace("\t", " ")
    return Row(
        {
            "Comment": step["Comment"],
            "CreatedAt": utc_time(step["Created"]),
            "CreatedBy": command if whole else ellipsis(command, _COMMAND_COLUMNS),
            "CreatedSince": f"{age(now - step['Created'])} ago" if step["Created"] > 0 else "N/A",
            "ID": step["Id"] if whole else short_id(step["Id"]),
            "Size": decimal_size(step["Size"]) if human else str(step["Size"]),
        }
    )
