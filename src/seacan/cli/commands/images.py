"""`seacan images`: a line for each name of an image."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.image_fields import (
    COLUMNS_WITH_DIGEST,
    IMAGES,
    image_fields,
    raw_format,
)
from seacan.cli.output.rows import chosen_format, print_rows
from seacan.cli.values import FILTERS, SWITCH, TEXT
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all", "a", SWITCH, "Show intermediate images as well"),
    Flag("digests", "", SWITCH, "Show digests"),
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE"),
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("no-trunc", "", SWITCH, "Print whole ids"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
    Flag("tree", "", SWITCH, "Show what images have for which platform"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    form = chosen_format(session, values, "imagesFormat")
    quiet, digests = values.on("quiet"), values.on("digests")
    if form == "raw":
        form = "image_id: {{.ID}}" if quiet else raw_format(with_digest=digests)
    if values.on("tree"):
        return _print_tree(session, values, arguments)
    filters = _filters(values, arguments)
    images = session.client.images.list(
        all_images=values.on("all"), digests=digests, filters=filters
    )
    now, whole = time.time(), values.on("no-trunc")
    rows = [
        row
        for image in images
        for row in image_fields(
            image,
            now=now,
            whole=whole,
            with_digests=digests or "{{.Digest}}" in form,
            each_digest=digests,
        )
    ]
    columns = COLUMNS_WITH_DIGEST if digests else None
    print_rows(IMAGES, rows, form, quiet="ID" if quiet else "", columns=columns, fits=not whole)
    return 0


def _filters(values: Values, arguments: list[str]) -> dict[str, list[str]]:
    filters = values.mapping("filter")
    if arguments:
        filters["reference"] = [*filters.get("reference", []), arguments[0]]
    return filters


def _print_tree(session: Session, values: Values, arguments: list[str]) -> int:
    from seacan.cli.output.image_tree import image_tree

    for name in ("quiet", "no-trunc", "digests", "format"):
        if values.is_given(name):
            raise InvalidArgument(f"--{name} is not yet supported with --tree")
    filters = _filters(values, arguments)
    images = session.client.images.list(
        all_images=values.on("all"), manifests=True, filters=filters
    )
    print(image_tree(images), end="")
    return 0
