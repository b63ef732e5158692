"""`seacan search`: repositories of a registry, by words."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.rows import Listing, Row, print_rows
from seacan.cli.output.table import ellipsis
from seacan.cli.values import FILTERS, INT, SWITCH, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "f", FILTERS, "Only what meets NAME=VALUE: stars=3, is-official=true"),
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("limit", "", INT, "How many to ask for, 1 to 100; 0: as the daemon likes"),
    Flag("no-trunc", "", SWITCH, "Print whole descriptions"),
)
_RESULTS = Listing(
    "*registry.searchContext",
    {
        "Name": "NAME",
        "Description": "DESCRIPTION",
        "StarCount": "STARS",
        "IsOfficial": "OFFICIAL",
    },
    ("Name", "Description", "StarCount", "IsOfficial"),
)
_DESCRIPTION_COLUMNS = 45


def run(session: Session, values: Values, arguments: list[str]) -> int:
    found = session.client.registries.search(
        arguments[0],
        limit=values.number("limit"),
        filters=values.mapping("filter"),
        headers=session.registry_headers(arguments[0]),
    )
    rows = []
    for one in sorted(found, key=lambda one: -int(one["star_count"])):
        text = " ".join(str(one["description"]).split())
        row = Row(
            {
                "Name": one["name"],
                "Description": text
                if values.on("no-trunc")
                else ellipsis(text, _DESCRIPTION_COLUMNS),
                "StarCount": str(one["star_count"]),
                "IsOfficial": "[OK]" if one["is_official"] else "",
            }
        )
        row.wire = {"IsOfficial": "true" if one["is_official"] else "false"}
        rows.append(row)
    print_rows(_RESULTS, rows, values.text("format"))
    return 0
