"""`seacan compose events`: what happens to the containers of a project, as it happens."""

from __future__ import annotations

import sys
import time

from seacan.cli.flags import Flag
from seacan.cli.times import timestamp
from seacan.cli.values import SWITCH, TEXT
from seacan.client.client import messages
from seacan.compose import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("json", "", SWITCH, "Print objects of JSON, one a line"),
    Flag("since", "", TEXT, "From then on: 2013-01-02T13:23:37Z, or 42m ago"),
    Flag("until", "", TEXT, "Up to then, written as for --since"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    now = time.time()
    reply = composition.client.system.events(
        since=timestamp(values.text("since"), "since", now=now),
        until=timestamp(values.text("until"), "until", now=now),
        filters={"label": [f"{names.PROJECT}={composition.name()}"]},
    )
    with reply:
        for event in messages(reply.pieces()):
            attributes = event["Actor"].get("Attributes") or {}
            service = attributes.get(names.SERVICE, "")
            if event.get("Type") == "container" and (not arguments or service in arguments):
                line = _json_line if values.on("json") else _line
                sys.stdout.write(line(event, service, attributes))
                sys.stdout.flush()
    return 0


def _own(attributes: dict[str, str]) -> dict[str, str]:
    """Return the attributes that are no labels of compose's."""
    return {
        name: value
        for name, value in sorted(attributes.items())
        if not name.startswith("com.docker.compose.")
    }


def _moment(event: dict[str, Any], form: str) -> str:
    seconds, nanoseconds = divmod(event["timeNano"], 1_000_000_000)
    moment = time.strftime(form, time.localtime(seconds))
    return f"{moment}.{nanoseconds // 1000:06}"


def _line(event: dict[str, Any], service: str, attributes: dict[str, str]) -> str:
    listed = ", ".join(f"{name}={value}" for name, value in _own(attributes).items())
    moment = _moment(event, "%Y-%m-%d %H:%M:%S")
    return f"{moment} container {event['Action']} {event['Actor']['ID']} ({listed})\n"


def _json_line(event: dict[str, Any], service: str, attributes: dict[str, str]) -> str:
    import json

    shown = {
        "action": event["Action"],
        "attributes": _own(attributes),
        "id": event["Actor"]["ID"],
        "service": service,
        "time": _moment(event, "%Y-%m-%dT%H:%M:%S"),
        "type": "container",
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")) + "\n"
