"""A list as a command prints it: a table, JSON a line, or ids alone."""

from __future__ import annotations

from seacan.cli.output.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seacan.cli.flags import Values


def print_rows(
    rows: Sequence[Mapping[str, str | None]], headers: Mapping[str, str], values: Values
) -> None:
    """Print `rows` as --quiet and --format have it; `headers`: the table's, by field."""
    if values.on("quiet"):
        print("".join(f"{row['ID']}\n" for row in rows), end="")
    else:
        print_format(rows, headers, values.text("format"))


def print_format(
    rows: Sequence[Mapping[str, str | None]], headers: Mapping[str, str], form: str
) -> None:
    """Print `rows` as a table with `headers`, or with all their fields if `form` is json."""
    if form == "json":
        import json

        for row in rows:
            print(json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    else:
        cells = [[row[name] or "" for name in headers] for row in rows]
        print(table(list(headers.values()), cells), end="")
