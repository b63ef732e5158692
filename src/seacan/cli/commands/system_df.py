"""`seacan system df`: what images, containers and volumes take up on the daemon's disk."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output import disk_usage
from seacan.cli.output.container_fields import RAW_SIZE
from seacan.cli.output.image_fields import raw_format
from seacan.cli.output.rows import print_rows, record_of, template_body, text_of
from seacan.cli.output.units import precise_size
from seacan.cli.values import SWITCH, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("verbose", "v", SWITCH, "List each image, container and volume"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    form = values.text("format")
    usage = session.client.system.disk_usage()
    if not values.on("verbose"):
        print_rows(disk_usage.USAGE, disk_usage.summary(usage), form)
    elif form in ("", "table"):
        _print_details(usage)
    else:
        _print_by_template(usage, form)
    return 0


def _print_details(usage: dict[str, Any]) -> None:
    details = disk_usage.details(usage, time.time(), whole=False)
    texts = []
    for kind, rows in details.items():
        _, title, listing, columns = disk_usage.DETAILS[kind]
        if kind == "BuildCache":
            size_bytes = disk_usage.own_cache_bytes(usage.get("BuildCache") or [])
            title = f"{title} {precise_size(size_bytes)}"
        texts.append(f"{title}\n\n{text_of(listing, rows, '', columns=columns)}")
    print("\n".join(texts), end="")


def _print_by_template(usage: dict[str, Any], form: str) -> None:
    """Print what a template makes of the four lists: `{{range .Images}}…{{end}}`."""
    from seacan.cli.output.templates import render
    from seacan.cli.output.templates.values import Record

    details = disk_usage.details(usage, time.time(), whole=not form.startswith("table"))
    lists = {
        kind: [record_of(disk_usage.DETAILS[kind][2], row) for row in rows]
        for kind, rows in details.items()
    }
    record = Record("*formatter.diskUsageContext", lists)
    body = {"raw": _raw_format(), "json": "{{json .}}"}.get(form) or template_body(form)
    template = render.parsed(body)
    render.print_one(template, record, end="")


def _raw_format() -> str:
    parts = []
    for kind, (name, _, listing, _) in disk_usage.DETAILS.items():
        raw = {
            "Images": raw_format(with_digest=True),
            "Containers": listing.raw + RAW_SIZE,
        }.get(kind, listing.raw)
        parts.append(f"{{{{range .{kind}}}}}type: {name}\n{raw}\n{{{{end -}}}}\n")
    return "".join(parts)
