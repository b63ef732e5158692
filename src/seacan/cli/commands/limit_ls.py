"""`seacan limit ls`: the processes of this host that are under limits, and what they use."""

from __future__ import annotations

from seacan.cli import hood_process
from seacan.cli.commands.limit import EXEC_ROOT, exec_root
from seacan.cli.flags import Flag
from seacan.cli.output.table import ellipsis, table
from seacan.cli.output.units import binary_size
from seacan.cli.values import SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.spec.limits import Limited

FLAGS = (EXEC_ROOT, Flag("json", "", SWITCH, "Print it as JSON"))

_HEADER = ("PID", "CPUS", "MEMORY", "PIDS", "COMMAND")


def run(session: Session, values: Values, arguments: list[str]) -> int:
    hood_process.require_this_host(session, "limit ls")
    lines = hood_process.lines("limit", [*exec_root(values), "ls"])
    limited: list[Limited] = [line["Limited"] for line in lines]
    if values.on("json"):
        import json

        print(json.dumps(limited, indent=4, ensure_ascii=False))
    else:
        print(table(_HEADER, map(_row, limited)), end="")
    return 0


def _row(limited: Limited) -> tuple[str, ...]:
    memory, pids = limited["Memory"], limited["Pids"]
    return (
        str(limited["Pid"]),
        f"{limited['Cpus']:g}" if limited["Cpus"] else "-",
        f"{binary_size(limited['MemoryUsed'])} / {binary_size(memory)}" if memory else "-",
        f"{limited['PidsUsed']} / {pids}" if pids else "-",
        ellipsis(limited["Command"], 30),
    )
