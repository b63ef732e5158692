"""`seacan system df`: what images, containers and volumes take up on the daemon's disk."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output import disk_usage
from seacan.cli.output.rows import print_format
from seacan.cli.output.table import table
from seacan.cli.output.template import require_json
from seacan.cli.output.units import precise_size
from seacan.cli.values import SWITCH, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("format", "", TEXT, "How to print it: table or json"),
    Flag("verbose", "v", SWITCH, "List each image, container and volume"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_json(values.text("format"), "table")
    usage = session.client.system.disk_usage()
    if not values.on("verbose"):
        print_format(disk_usage.summary(usage), disk_usage.SUMMARY_HEADERS, values.text("format"))
    elif values.text("format") == "json":
        import json

        details = disk_usage.details(usage, time.time(), whole=True)
        rows = {kind: [dict(sorted(row.items())) for row in details[kind]] for kind in details}
        print(json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    else:
        _print_details(usage)
    return 0


def _print_details(usage: dict[str, Any]) -> None:
    details = disk_usage.details(usage, time.time(), whole=False)
    texts = []
    for kind, rows in details.items():
        title, headers = disk_usage.DETAILS[kind]
        if kind == "BuildCache":
            size_bytes = sum(record["Size"] for record in usage.get("BuildCache") or ())
            title = f"{title} {precise_size(size_bytes)}"
        cells = [[row[name] or "" for name in headers] for row in rows]
        texts.append(f"{title}\n\n{table(list(headers.values()), cells)}")
    print("\n".join(texts), end="")
