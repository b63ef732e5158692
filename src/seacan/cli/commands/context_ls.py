"""`seacan context ls`: which contexts there are, and which is in use."""

from __future__ import annotations

import os

from seacan.cli.flags import Flag
from seacan.cli.output.rows import Listing, Row, print_rows
from seacan.cli.output.table import ellipsis
from seacan.cli.session import complain
from seacan.cli.values import SWITCH, TEXT
from seacan.client.contexts import DOCKER
from seacan.client.order import natural_key
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("quiet", "q", SWITCH, "Print names alone"),
)

_CONTEXTS = Listing(
    "*formatter.clientContextContext",
    {
        "Name": "NAME",
        "Description": "DESCRIPTION",
        "DockerEndpoint": "DOCKER ENDPOINT",
        "Error": "ERROR",
        "Current": None,
    },
    ("Name", "Description", "DockerEndpoint", "Error"),
)
_ERROR_COLUMNS = 45


def run(session: Session, values: Values, arguments: list[str]) -> int:
    form = values.text("format")
    rows, quiet = _rows(session), values.on("quiet")
    if form in ("", "table") and not quiet:
        rows = [Row({**row, "Name": row["Name"] + " *" * row["Current"]}) for row in rows]
    print_rows(_CONTEXTS, rows, "" if quiet else form, quiet="Name" if quiet else "")
    if os.environ.get("DOCKER_HOST"):
        complain(
            "Warning: DOCKER_HOST environment variable overrides the active context. To use a "
            "context, either set the global --context flag, or unset DOCKER_HOST environment "
            "variable."
        )
    return 0


def _rows(session: Session) -> list[Row]:
    """Return all contexts by name; one that is in use but is not there has its error."""
    current = session.context
    found = [*session.choice.contexts.list(), session.metadata("default")]
    rows = [_row(metadata, current) for metadata in found]
    if not any(row["Current"] for row in rows):
        missing = {"Name": current, "Description": "", "DockerEndpoint": "", "Current": True}
        rows.append(Row({**missing, "Error": _error_of(session, current)}))
    return sorted(rows, key=lambda row: natural_key(row["Name"]))


def _row(metadata: dict[str, Any], current: str) -> Row:
    name = str(metadata.get("Name", ""))
    endpoint = (metadata.get("Endpoints") or {}).get(DOCKER)
    description = (metadata.get("Metadata") or {}).get("Description", "")
    if name == "default":
        description = "Current DOCKER_HOST based configuration"
    return Row(
        {
            "Name": name,
            "Description": description,
            "DockerEndpoint": (endpoint or {}).get("Host", ""),
            "Current": name == current,
            "Error": "" if endpoint is not None else "cannot find docker endpoint in context",
        }
    )


def _error_of(session: Session, name: str) -> str:
    try:
        session.choice.contexts.get(name)
    except SeacanError as err:
        return ellipsis(str(err), _ERROR_COLUMNS)
    return ""
