"""`seacan images`: a line for each name of an image."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.image_fields import HEADERS, image_fields
from seacan.cli.output.rows import print_rows
from seacan.cli.output.template import require_json
from seacan.cli.values import FILTERS, SWITCH, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all", "a", SWITCH, "Show intermediate images as well"),
    Flag("digests", "", SWITCH, "Show digests"),
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE"),
    Flag("format", "", TEXT, "How to print it: table or json"),
    Flag("no-trunc", "", SWITCH, "Print whole ids"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_json(values.text("format"), "table")
    digests = values.on("digests")
    filters = values.mapping("filter")
    if arguments:
        filters["reference"] = [*filters.get("reference", []), arguments[0]]
    images = session.client.images.list(
        all_images=values.on("all"), digests=digests, filters=filters
    )
    now, whole = time.time(), values.on("no-trunc")
    rows = [
        fields
        for image in images
        for fields in image_fields(image, now=now, whole=whole, with_digests=digests)
    ]
    columns = [name for name in HEADERS if name != "Digest" or digests]
    print_rows(rows, {name: HEADERS[name] for name in columns}, values)
    return 0
