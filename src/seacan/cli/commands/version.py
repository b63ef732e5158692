"""`seacan version`: client, daemon and the daemon's components."""

from __future__ import annotations

import os
import sys

from seacan.cli.flags import Flag
from seacan.cli.output.table import align
from seacan.cli.session import complain
from seacan.cli.values import TEXT
from seacan.client.version import API_VERSION, CLIENT_VERSION
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("format", "f", TEXT, "json, or a Go template"),)

_KEY_COLUMNS = 20
# What a client that is not built has nothing to say of.
_NOT_GOS = dict.fromkeys(("GitCommit", "GoVersion", "BuildTime"), "")
_ENGINE_FIELDS = (
    ("API version", "ApiVersion"),
    ("Go version", "GoVersion"),
    ("Python version", "PythonVersion"),
    ("Git commit", "GitCommit"),
    ("Built", "BuildTime"),
    ("OS/Arch", "Os"),
    ("Experimental", "Experimental"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    """Print the client's part even if there is no daemon; the exit code tells of that."""
    form = values.text("format")
    show = _by_template(form) if form else None
    server: dict[str, Any] | None = None
    version = API_VERSION
    problem = ""
    try:
        version = session.client.version
        server = session.client.system.version()
    except SeacanError as err:
        problem = str(err)
    client = _client_fields(version, session.context)
    if show:
        show(client, server)
    else:
        print(_client_text(client) + (_server_text(server) if server else ""), end="")
    if problem:
        complain(problem)
    return 1 if problem else 0


def _by_template(form: str) -> Callable[[dict[str, str], dict[str, Any] | None], None]:
    from seacan.cli.output.templates import render
    from seacan.cli.output.templates.structs import struct
    from seacan.cli.output.templates.values import NIL, Record

    template = render.parsed_or_exit("{{json .}}" if form == "json" else form, name="version")

    def show(client: dict[str, str], server: dict[str, Any] | None) -> None:
        fields = {
            "Client": Record("system.clientVersion", _NOT_GOS | client, wire=client),
            "Server": NIL
            if server is None
            else struct("types.Version", server, type_name="*types.Version"),
        }
        wire = {"Client": client, "Server": server}
        render.print_one(template, Record("system.versionInfo", fields, wire=wire))

    return show


def _client_fields(version: str, context: str) -> dict[str, str]:
    system = os.uname()
    return {
        "Version": CLIENT_VERSION,
        "ApiVersion": version,
        "DefaultAPIVersion": API_VERSION,
        "PythonVersion": sys.version.split()[0],
        "Os": system.sysname.lower(),
        "Arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(system.machine, system.machine),
        "Context": context,
    }


def _client_text(client: dict[str, str]) -> str:
    api = client["ApiVersion"]
    if api != client["DefaultAPIVersion"]:
        api += f" (downgraded from {client['DefaultAPIVersion']})"
    rows = (
        (" Version:", client["Version"]),
        (" API version:", api),
        (" Python version:", client["PythonVersion"]),
        (" OS/Arch:", f"{client['Os']}/{client['Arch']}"),
        (" Context:", client["Context"]),
    )
    return "Client:\n" + align(rows, least=_KEY_COLUMNS, gap=1)


def _server_text(server: dict[str, Any]) -> str:
    platform = (server.get("Platform") or {}).get("Name", "")
    text = f"\nServer: {platform}".rstrip() + "\n"
    for component in server.get("Components") or [_engine_of(server)]:
        text += f" {component['Name']}:\n"
        text += align(_component_rows(component), least=_KEY_COLUMNS, gap=1)
    return text


def _engine_of(server: dict[str, Any]) -> dict[str, Any]:
    """Return the component that a daemon without components is itself."""
    keys = ("ApiVersion", "MinAPIVersion", "GitCommit", "GoVersion", "Os", "Arch", "BuildTime")
    details = {key: str(server[key]) for key in keys if key in server}
    return {"Name": "Engine", "Version": server.get("Version", ""), "Details": details}


def _component_rows(component: dict[str, Any]) -> list[tuple[str, str]]:
    details = component.get("Details") or {}
    rows = [("  Version:", component.get("Version", ""))]
    if component["Name"] != "Engine":
        return rows + [(f"  {key}:", details[key]) for key in sorted(details)]
    for title, key in _ENGINE_FIELDS:
        text = details.get(key)
        if text is None:
            continue
        if key == "ApiVersion" and "MinAPIVersion" in details:
            text += f" (minimum version {details['MinAPIVersion']})"
        elif key == "Os":
            text += f"/{details.get('Arch', '')}"
        elif key == "BuildTime":
            text = _ansi_time(text)
        rows.append((f"  {title}:", text))
    return rows


def _ansi_time(text: str) -> str:
    """Return `Tue Sep 15 11:02:57 2026` for a time of RFC 3339, another text as it is."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text[:19]).strftime("%a %b %e %H:%M:%S %Y")
    except ValueError:
        return text
