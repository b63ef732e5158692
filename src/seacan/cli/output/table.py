"""Columns of text, as wide as Go's tabwriter makes Docker's."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEAST_COLUMNS = 10
GAP_COLUMNS = 3
ELLIPSIS = "…"
_LEAST_CELL = 12  # nothing is cut to less


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a line for the header and for each row; cells are padded, the last one is not."""
    return align([header, *rows], least=LEAST_COLUMNS, gap=GAP_COLUMNS)


def tabbed(text: str, room: int = 0) -> str:
    """Return `text`, whose lines have their cells between tabs, as a table.

    `room`: the columns of the terminal, which the table is to fit in; 0: it may be of any width.
    """
    rows = [line.split("\t") for line in text.split("\n")]
    header, *rest = _narrowed(rows, room) if room else rows
    return table(header, rest)


def _narrowed(rows: list[list[str]], room: int) -> list[list[str]]:
    """Return the rows with the longest inner cells cut, till a line fits or none is long."""
    columns = [max(map(width, cells)) for cells in zip(*rows, strict=False)]
    taken = [max(LEAST_COLUMNS, column + GAP_COLUMNS) for column in columns[:-1]] + columns[-1:]
    # The first and the last are ids and names, which other commands are told.
    while sum(taken) > room and max(columns[1:-1], default=0) > _LEAST_CELL:
        at = columns.index(max(columns[1:-1]), 1)
        columns[at] -= 1
        taken[at] -= 1
    return [
        [
            cell if width(cell) <= column else ellipsis(cell, column)
            for cell, column in zip(row, columns, strict=False)
        ]
        for row in rows
    ]


def align(rows: Sequence[Sequence[str]], *, least: int, gap: int) -> str:
    """Return a line for each row, columns `least` wide or `gap` wider than the longest cell.

    The last cell of a row is in no column. A row that has fewer cells than another ends its column:
    below it, another one begins.
    """
    columns = [_column(rows, at, least, gap) for at in range(max(map(len, rows), default=1) - 1)]
    lines = []
    for at, row in enumerate(rows):
        padded = [
            cell + " " * (column[at] - width(cell))
            for cell, column in zip(row[:-1], columns, strict=False)
        ]
        lines.append("".join(padded) + row[-1] + "\n")
    return "".join(lines)


def _column(rows: Sequence[Sequence[str]], at: int, least: int, gap: int) -> list[int]:
    """Return how wide column `at` is in each row."""
    widths: list[int] = []
    widest, together = least, 0
    for row in [*rows, ()]:
        if len(row) - 1 > at:
            widest = max(widest, width(row[at]) + gap)
            together += 1
        else:
            widths += [widest] * together + [0]
            widest, together = least, 0
    return widths


def width(text: str) -> int:
    """Return the columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def ellipsis(text: str, most: int) -> str:
    """Return `text` cut to `most` characters, the last of which tells that it was cut."""
    return text if len(text) <= most else text[: most - 1] + ELLIPSIS


def short_id(object_id: str) -> str:
    """Return the first 12 digits of an id, without its `sha256:`."""
    return object_id.removeprefix("sha256:")[:12]
