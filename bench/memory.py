"""What an engine's own processes weigh: PSS, the part of memory that is theirs alone or shared out.

Counted are the process that listens on the API socket, its descendants, and whatever has the id of
one of the containers on its command line (another engine's shims, which it has let go). Processes
in another pid namespace are the containers themselves, and are not.
"""

import os
from collections.abc import Iterable
from pathlib import Path


def engine_pss_kib(owner: int, containers: Iterable[str]) -> int:
    """Return the sum over the engine's processes. Source: proc(5), smaps_rollup."""
    namespace = os.readlink("/proc/self/ns/pid")
    return sum(
        _pss_kib(pid)
        for pid in _engine_processes(owner, [container[:12] for container in containers])
        if _namespace(pid) == namespace
    )


def _engine_processes(owner: int, containers: list[str]) -> set[int]:
    children: dict[int, list[int]] = {}
    found = [owner]
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            pid = int(process.name)
            children.setdefault(_parent(pid), []).append(pid)
            words = _read(f"/proc/{pid}/cmdline")
            if pid != os.getpid() and any(container in words for container in containers):
                found.append(pid)
    for pid in found:
        found += [child for child in children.get(pid, ()) if child not in found]
    return set(found)


def _parent(pid: int) -> int:
    words = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(words[1]) if words else 0


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def _pss_kib(pid: int) -> int:
    lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _read(path: str) -> str:
    """Return a file of /proc; nothing if its process has just ended."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
