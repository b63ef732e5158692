"""`seacan limit rm`: processes back to where they were before they were limited."""

from __future__ import annotations

from seacan.cli import hood_process
from seacan.cli.commands.limit import EXEC_ROOT, exec_root, pid_of
from seacan.cli.session import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (EXEC_ROOT,)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    hood_process.require_this_host(session, f"limit rm {' '.join(arguments)}")
    pids = [str(pid_of(text)) for text in arguments]
    code = 0
    for line in hood_process.lines("limit", [*exec_root(values), "rm", *pids]):
        if "Error" in line:
            complain(line["Error"])
            code = 1
        else:
            print(line["Removed"])
    return code
