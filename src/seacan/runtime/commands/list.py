"""list: the containers under a root, as a table, as JSON, or their ids."""

import json
import os
import pwd
from typing import Any, Final

from seacan.runtime import container as containers
from seacan.runtime.commandline import Options
from seacan.runtime.commands.state import describe
from seacan.runtime.container import Container

_COLUMNS: Final = ("id", "pid", "status", "bundle", "created", "owner")
_MIN_WIDTH: Final = 9  # with the gap, the width of runc's columns
_GAP: Final = "   "


def run(options: Options) -> int:
    found = containers.list_all(options.root)
    if options.quiet:
        for container in found:
            print(container.id)
        return 0
    rows = [describe(container, owner=_owner(container)) for container in found]
    if options.format == "json":
        print(json.dumps(rows, separators=(",", ":")))
    else:
        _print_table(rows)
    return 0


def _owner(container: Container) -> str:
    uid = os.stat(container.state_dir).st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


def _print_table(rows: list[dict[str, Any]]) -> None:
    table = [[name.upper() for name in _COLUMNS]]
    table += [[str(row[name]) for name in _COLUMNS] for row in rows]
    widths = [max(_MIN_WIDTH, *map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print(_GAP.join(cells).rstrip())
