"""What commands print for answers that stand in files: tests/golden/cli/transcripts/*.txt.

    $ ps -q            a command; below it standard output, then lines of standard error behind
    abababababab       `! `, then `= 1` for an exit code that is not 0
    % COLUMNS=80 ps    the same of a command that docker prints otherwise, or does not have;
                       COLUMNS: on a terminal of that width
    # …                why, above such a command

The answers are in tests/golden/cli/answers: dockerd 28.5.2's own, or made after them. A negative
`Created` and a text such as `150s ago` are times before the moment of the request.
"""

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.client.scripted import (
    Request,
    ScriptedDaemon,
    refusal,
    reply,
    scripted_daemon,
)

GOLDEN = Path(__file__).with_name("golden") / "cli"
TRANSCRIPTS = sorted((GOLDEN / "transcripts").glob("*.txt"))
API_VERSION = "1.50"  # the newest of the docker CLI here
HOST = "unix://d.sock"  # in the working directory: its name is in some of the output

_ROUTES = {
    "GET /containers/json": "containers",
    "GET /containers/web/json": "container",
    "GET /containers/web/stats": "stats",
    "GET /containers/web/top": "top",
    "GET /containers/web/changes": "changes",
    "GET /images/json": "images",
    "GET /images/nginx/history": "history",
    "GET /images/nginx/json": "image",
    "GET /images/search": "search",
    "GET /info": "info",
    "GET /networks": "networks",
    "GET /networks/net": "network",
    "GET /system/df": "df",
    "GET /version": "version",
    "GET /volumes": "volumes",
    "GET /volumes/data": "volume",
    "POST /build/prune": "build-prune",
    "POST /containers/prune": "containers-prune",
    "POST /images/prune": "images-prune",
    "POST /networks/prune": "networks-prune",
    "POST /volumes/prune": "volumes-prune",
    "DELETE /images/old:1": "image-removed",
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?=Z| \+0000 UTC)")
# These come as one JSON object a line.
_STREAMS = {
    "GET /events": "events",
    "POST /images/create": "pull",
    "POST /images/registry.example:5000/team/nginx/push": "push",
}


def _dated(value: Any) -> Any:
    if isinstance(value, list):
        return [_dated(item) for item in value]
    if isinstance(value, dict):
        return {name: _moment(name, _dated(item)) for name, item in value.items()}
    return value


def _moment(name: str, value: Any) -> Any:
    if name == "Created" and isinstance(value, int) and value < 0:
        return int(time.time()) + value
    if isinstance(value, str) and value.endswith("s ago") and value[:-5].isdecimal():
        moment = time.gmtime(time.time() - int(value[:-5]))
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)
    return value


def answer(name: str) -> Any:
    """Return the answer that stands in the file of that name."""
    return _dated(json.loads((GOLDEN / "answers" / f"{name}.json").read_text()))


def _json_reply(name: str) -> Callable[[Request], bytes]:
    return lambda _: reply(json.dumps(answer(name)))


def _stream_reply(name: str) -> Callable[[Request], bytes]:
    return lambda _: reply("".join(f"{json.dumps(line)}\r\n" for line in answer(name)))


@contextmanager
def recorded_daemon(directory: Path) -> Iterator[ScriptedDaemon]:
    """Run a daemon that gives the answers of the files, on d.sock in `directory`."""
    replies: dict[str, Callable[[Request], bytes]] = {
        route: _json_reply(name) for route, name in _ROUTES.items()
    } | {route: _stream_reply(name) for route, name in _STREAMS.items()}
    nobody = {
        f"GET /{kind}/nobody{'' if kind in ('networks', 'volumes') else '/json'}": refusal(
            404, f"No such {kind[:-1]}: nobody"
        )
        for kind in ("containers", "images", "networks", "volumes")
    }
    with scripted_daemon(directory, **replies, **nobody) as daemon:
        yield daemon


@dataclass
class Block:
    """A command of a transcript, and what it printed."""

    line: str  # without its mark
    is_own: bool  # docker prints something else
    remarks: str
    output: str

    @property
    def words(self) -> list[str]:
        return [word for word in shlex.split(self.line) if not word.startswith("COLUMNS=")]

    @property
    def columns(self) -> int:
        """How wide the terminal is; 0: there is none."""
        first = self.line.partition(" ")[0]
        return int(first.removeprefix("COLUMNS=")) if first.startswith("COLUMNS=") else 0


def read(path: Path) -> list[Block]:
    blocks: list[Block] = []
    remarks = ""
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("# "):
            remarks += line
        elif line.startswith(("$ ", "% ")):
            blocks.append(Block(line[2:-1], line[0] == "%", remarks, ""))
            remarks = ""
        else:
            blocks[-1].output += line
    return blocks


def write(path: Path, blocks: list[Block]) -> None:
    path.write_text(
        "".join(
            f"{block.remarks}{'%' if block.is_own else '$'} {block.line}\n{block.output}"
            for block in blocks
        )
    )


def output_text(status: int, out: str, err: str) -> str:
    """Return what a block has below its command: times of whole seconds blanked."""
    out = _MOMENT.sub("DATE", out)
    text = out if not out or out.endswith("\n") else f"{out}\n"
    text += "".join(f"! {line}\n" for line in err.splitlines())
    return text + (f"= {status}\n" if status else "")
