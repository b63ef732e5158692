"""A list as --format has it: a table, JSON a line, fields, or what a template makes of it.

    table                the usual columns       json   all fields, an object a line
    table {{.ID}} TAB …  a table of one's own    raw    the usual fields below one another
    {{.ID}} {{.Names}}   a line for each

Fields alone are put in here; for all else of Go's templates, their package is imported.
"""

from __future__ import annotations

from seacan.cli.output.table import tabbed
from seacan.cli.terminal import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.output.templates.values import Record
    from seacan.cli.session import Session

_TABLE = "table"


class Row(dict[str, "Any"]):
    """The fields of one thing, and the labels that `.Label "name"` looks in.

    `wire`: the fields that are not the same as JSON.
    """

    labels: Mapping[str, str] | None = None
    wire: Mapping[str, str] | None = None


class Listing:
    """A kind of list.

    `type_name`: what Go calls its rows. `headers`: of all fields; one without a header is None.
    `columns`: those of the usual table. `raw`: the format of that name. `has_labels`: whether rows
    have a `.Label`.
    """

    __slots__ = ("columns", "has_labels", "headers", "raw", "type_name")

    def __init__(
        self,
        type_name: str,
        headers: Mapping[str, str | None],
        columns: Sequence[str],
        *,
        raw: str = "raw",
        has_labels: bool = False,
    ) -> None:
        self.type_name = type_name
        self.headers = headers
        self.columns = columns
        self.raw = raw
        self.has_labels = has_labels

    def usual(self, columns: Iterable[str] | None = None) -> str:
        """Return the format of a table with `columns`, or else the usual ones."""
        return "table " + "\t".join(f"{{{{.{name}}}}}" for name in columns or self.columns)


def chosen_format(session: Session, values: Values, key: str) -> str:
    """Return --format, or else what config.json has for this list, or "" for the usual table."""
    form = values.text("format")
    if form or ("quiet" in values and values.on("quiet")):
        return form
    return str(session.config.get(key) or "")


def print_rows(
    listing: Listing,
    rows: Iterable[Row],
    form: str,
    *,
    quiet: str = "",
    columns: Iterable[str] | None = None,
    fits: bool = True,
) -> None:
    """Print `rows` in the format `form`, "" for the usual table with `columns`.

    `quiet`: the field that is printed alone, instead of the usual table. `fits`: whether the usual
    table is made as narrow as the terminal, if there is one.
    """
    print(text_of(listing, rows, form, quiet=quiet, columns=columns, fits=fits), end="")


def text_of(
    listing: Listing,
    rows: Iterable[Row],
    form: str,
    *,
    quiet: str = "",
    columns: Iterable[str] | None = None,
    fits: bool = True,
) -> str:
    """Return what `print_rows` prints."""
    is_usual = form in ("", _TABLE) and not quiet
    if form in ("", _TABLE):
        form = f"{{{{.{quiet}}}}}" if quiet else listing.usual(columns)
    elif form == "raw":
        form = listing.raw
    elif form == "json":
        return "".join(f"{row_json(row)}\n" for row in rows)
    head, lines = _filled(listing, rows, template_body(form))
    if not form.startswith(_TABLE):
        return "".join(f"{line}\n" for line in lines)
    return tabbed("\n".join([head, *lines]), size()[1] if is_usual and fits else 0)


def template_body(form: str) -> str:
    """Return `form` without the word `table`, and with the tabs and line ends that it escapes."""
    return form.removeprefix(_TABLE).strip(" ").replace("\\t", "\t").replace("\\n", "\n")


def _filled(listing: Listing, rows: Iterable[Row], body: str) -> tuple[str, list[str]]:
    """Return the line of headers, and what `body` makes of each row."""
    pieces = fields_alone(body)
    if pieces is None or any(name not in listing.headers for name in pieces[1::2]):
        return _by_template(listing, rows, body)
    headers: Mapping[str, Any] = listing.headers
    head = "".join(
        (headers[piece] or "<no value>") if at % 2 else piece for at, piece in enumerate(pieces)
    )
    return head, [
        "".join(_plain(row[piece]) if at % 2 else piece for at, piece in enumerate(pieces))
        for row in rows
    ]


def _plain(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else value


def fields_alone(body: str) -> list[str] | None:
    """Return text, name of a field, text, … if `body` has nothing but `{{.Name}}` in it."""
    first, *rest = body.split("{{")
    pieces = [first]
    for part in rest:
        inner, end, after = part.partition("}}")
        name = inner.strip(" ")
        if not end or name[:1] != "." or not (name[1:].isascii() and name[1:].isalnum()):
            return None
        pieces += [name[1:], after]
    return pieces


def _by_template(listing: Listing, rows: Iterable[Row], body: str) -> tuple[str, list[str]]:
    from seacan.cli.output.templates import render

    template = render.parsed(body)
    lines = render.each(template, [record_of(listing, row) for row in rows])
    headers = {name: text for name, text in listing.headers.items() if text is not None}
    methods = {"Label": _label_header} if listing.has_labels else {}
    return render.header(template, headers, methods), lines


def record_of(listing: Listing, row: Row) -> Record:
    """Return `row` as a template sees it."""
    from seacan.cli.output.templates.values import NIL, Record

    labels = row.labels or {}
    methods: dict[str, Callable[[str], str]] = {}
    if listing.has_labels:
        methods["Label"] = lambda name: labels.get(name, "")
    fields = {name: NIL if row[name] is None else row[name] for name in row}
    return Record(listing.type_name, fields, methods=methods, as_row=row)


def _label_header(name: str) -> str:
    return name.rpartition(".")[2].replace("-", " ").replace("_", " ")


def row_json(row: Row) -> str:
    """Return a row as Go's encoding/json has it: sorted, and HTML's letters escaped."""
    import json

    fields = dict(sorted({**row, **(row.wire or {})}.items()))
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=_wire)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _wire(value: Record) -> Any:
    return value.wire
