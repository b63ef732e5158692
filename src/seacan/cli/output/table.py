"""Columns of text, as wide as Go's tabwriter makes Docker's."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEAST_COLUMNS = 10
GAP_COLUMNS = 3
ELLIPSIS = "…"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a line for the header and for each row; cells are padded, the last one is not."""
    return align([header, *rows], least=LEAST_COLUMNS, gap=GAP_COLUMNS)


def align(rows: Sequence[Sequence[str]], *, least: int, gap: int) -> str:
    """Return a line for each row, columns `least` wide or `gap` wider than the longest cell."""
    columns = zip(*(row[:-1] for row in rows), strict=True)
    widths = [max(least, max(map(len, cells)) + gap) for cells in columns]
    lines = []
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("".join(padded) + row[-1])
    return "".join(line + "\n" for line in lines)


def ellipsis(text: str, most: int) -> str:
    """Return `text` cut to `most` characters, the last of which tells that it was cut."""
    return text if len(text) <= most else text[: most - 1] + ELLIPSIS


def short_id(object_id: str) -> str:
    """Return the first 12 digits of an id, without its `sha256:`."""
    return object_id.removeprefix("sha256:")[:12]
