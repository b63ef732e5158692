"""`seacan context ls`: which contexts there are, and which is in use."""

from __future__ import annotations

import os

from seacan.cli.flags import Flag
from seacan.cli.output.rows import print_format
from seacan.cli.output.table import ellipsis
from seacan.cli.output.template import require_json
from seacan.cli.session import complain
from seacan.cli.values import SWITCH, TEXT
from seacan.client.contexts import DOCKER, natural_key
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("format", "", TEXT, "How to print it: table or json"),
    Flag("quiet", "q", SWITCH, "Print names alone"),
)

_HEADERS = {
    "Name": "NAME",
    "Description": "DESCRIPTION",
    "DockerEndpoint": "DOCKER ENDPOINT",
    "Error": "ERROR",
}
_ERROR_COLUMNS = 45


def run(session: Session, values: Values, arguments: list[str]) -> int:
    form = values.text("format")
    require_json(form, "table")
    rows = _rows(session)
    if values.on("quiet"):
        print("".join(f"{row['Name']}\n" for row in rows), end="")
    elif form == "json":
        print_format(rows, _HEADERS, form)
    else:
        shown = [{**row, "Name": row["Name"] + (" *" if row["Current"] else "")} for row in rows]
        print_format(shown, _HEADERS, form)
    if os.environ.get("DOCKER_HOST"):
        complain(
            "Warning: DOCKER_HOST environment variable overrides the active context. To use a "
            "context, either set the global --context flag, or unset DOCKER_HOST environment "
            "variable."
        )
    return 0


def _rows(session: Session) -> list[dict[str, Any]]:
    """Return all contexts by name; one that is in use but is not there has its error."""
    current = session.context
    found = [*session.choice.contexts.list(), session.metadata("default")]
    rows = [_row(metadata, current) for metadata in found]
    if not any(row["Current"] for row in rows):
        missing = {"Name": current, "Description": "", "DockerEndpoint": "", "Current": True}
        rows.append({**missing, "Error": _error_of(session, current)})
    return sorted(rows, key=lambda row: natural_key(row["Name"]))


def _row(metadata: dict[str, Any], current: str) -> dict[str, Any]:
    name = str(metadata.get("Name", ""))
    endpoint = (metadata.get("Endpoints") or {}).get(DOCKER)
    description = (metadata.get("Metadata") or {}).get("Description", "")
    if name == "default":
        description = "Current DOCKER_HOST based configuration"
    return {
        "Name": name,
        "Description": description,
        "DockerEndpoint": (endpoint or {}).get("Host", ""),
        "Current": name == current,
        "Error": "" if endpoint is not None else "cannot find docker endpoint in context",
    }


def _error_of(session: Session, name: str) -> str:
    try:
        session.choice.contexts.get(name)
    except SeacanError as err:
        return ellipsis(str(err), _ERROR_COLUMNS)
    return ""
