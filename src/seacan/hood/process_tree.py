"""A process, what it descends from, and what descends from it. Source: proc_pid_stat(5)."""

import os
from collections.abc import Iterator
from typing import Final

from seacan.kernel import procfs
from seacan.kernel.processes import stat
from seacan.spec.explanation import Process, Processes

_SHOWN: Final = 200  # of a fork bomb, the first are enough
_COMMAND_BYTES: Final = 4096


def read(pid: int) -> Processes:
    """Return the processes around `pid`. Raises ProcessLookupError if it is gone."""
    parents = dict(_parents())
    if pid not in parents:
        raise ProcessLookupError
    children: dict[int, list[int]] = {}
    for child, parent in sorted(parents.items()):
        children.setdefault(parent, []).append(child)
    tree, omitted = _tree(pid, children)
    return {
        "Ancestors": [found for each in _ancestors(pid, parents) if (found := _process(each))],
        "Tree": tree,
        "Omitted": omitted,
        "See": [f"ps -o pid,ppid,user,args --ppid {pid} -p {pid}", f"cat /proc/{pid}/status"],
    }


def pids(tree: Process) -> Iterator[int]:
    """Yield the pids of a tree, its root's first."""
    waiting = [tree]
    while waiting:
        process = waiting.pop()
        yield process["Pid"]
        waiting += process["Children"]


def _parents() -> Iterator[tuple[int, int]]:
    for name in os.listdir("/proc"):
        if name.isdecimal():
            pid = int(name)
            if fields := stat(pid):
                yield pid, int(fields[1])


def _ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    found: list[int] = []
    while (pid := parents.get(pid, 0)) and pid not in found:
        found.insert(0, pid)
    return found


def _tree(pid: int, children: dict[int, list[int]]) -> tuple[Process, int]:
    """Return the tree, breadth first up to a number, and how many are not in it."""
    root = _process(pid)
    if root is None:
        raise ProcessLookupError
    waiting, shown, omitted = [root], 1, 0
    while waiting:
        parent = waiting.pop(0)
        for child in children.get(parent["Pid"], ()):
            process = _process(child) if shown < _SHOWN else None
            if process is None:
                omitted += shown >= _SHOWN
                continue
            shown += 1
            parent["Children"].append(process)
            waiting.append(process)
    return root, omitted


def _process(pid: int) -> Process | None:
    """Return what is known of a process; None if it has ended."""
    try:
        status = status_of(pid)
        command = procfs.read(f"{pid}/cmdline")[:_COMMAND_BYTES]
    except (FileNotFoundError, ProcessLookupError):
        return None
    words = os.fsdecode(command).rstrip("\0").split("\0")
    return {
        "Pid": pid,
        "Parent": int(status["PPid"]),
        "Name": status["Name"],
        "Command": words if words != [""] else [],
        "User": int(status["Uid"].split()[1]),
        "NamespacePids": [int(number) for number in status.get("NSpid", "").split()],
        "Children": [],
    }


def status_of(pid: int) -> dict[str, str]:
    """Return the lines of /proc/PID/status by name."""
    lines = os.fsdecode(procfs.read(f"{pid}/status")).splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
