"""The processes of a container, as ps(1) of the host shows them.

Source: Engine API, GET /containers/{id}/top; procps, ps(1).
"""

import os
import re
import subprocess
from collections.abc import Sequence
from typing import Final

import msgspec

from seacan.errors import Internal
from seacan.kernel.cgroups import hierarchy

_DEFAULT_ARGUMENTS: Final = "-ef"
_DEADLINE_S: Final = 20
# `-o pid,x=PID`, `-ox=PID` would have another column look like that of the pids, and show what
# other processes of the host were started with.
_RENAMED: Final = re.compile(r"(?:^|\s)(\S*)=\s*(PID\S*)")
_PID_COLUMNS: Final = ("pid", "-opid", "opid")


class Top(msgspec.Struct, frozen=True):
    titles: list[str]
    processes: list[list[str]]


def check_arguments(arguments: str) -> None:
    """Raise Internal, as dockerd does, for arguments that give another column the title PID."""
    for name, title in _RENAMED.findall(arguments):
        if name not in _PID_COLUMNS:
            raise Internal(f'specifying "{name}={title}" is not allowed')


def top(cgroup_path: str, arguments: str) -> Top:
    """Return what ps says of the processes in a cgroup. Blocks. Raises Internal."""
    pids = hierarchy.open_cgroup(cgroup_path).pids()
    words = (arguments or _DEFAULT_ARGUMENTS).split()
    chosen = ",".join(map(str, pids))
    done = _ps([*words, f"-q{chosen}"])
    if done.returncode:  # some options do not go with a choice of processes: `f`
        done = _ps(words)
    if done.returncode:
        said = done.stderr.decode(errors="replace").partition("\n")[0]
        raise Internal(f"ps: {said or f'exit status {done.returncode}'}")
    return parse(done.stdout.decode(errors="replace"), pids)


def _ps(words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    # It would cut its lines at the width of the terminal that the daemon was started from.
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    try:
        return subprocess.run(
            ["ps", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise Internal(f"ps: {err}") from err


def parse(table: str, pids: Sequence[int]) -> Top:
    """Return the lines of `pids`; the last column takes what is left of its line.

    A line without a pid (`-`, a thread in the output of `m`) belongs to the process before it.
    """
    head, *lines = table.split("\n")
    titles = _fields(head)
    if "PID" not in titles:
        raise Internal("Couldn't find PID field in ps output")
    column, wanted = titles.index("PID"), {str(pid) for pid in pids}
    processes: list[list[str]] = []
    is_within = False
    for line in filter(None, lines):
        fields = _fields(line)
        if len(fields) < max(column + 1, len(titles) - 1):
            raise Internal(f"ps: a line is shorter than the titles: {line!r}")
        if fields[column] != "-":
            if not fields[column].isdecimal():
                raise Internal(f"Unexpected pid '{fields[column]}': it is no number")
            is_within = fields[column] in wanted
        if is_within:
            last = len(titles) - 1
            processes.append([*fields[:last], " ".join(fields[last:])])
    return Top(titles, processes)


def _fields(line: str) -> list[str]:
    return [field for field in re.split(r"[\t\n\f\r ]+", line) if field]
