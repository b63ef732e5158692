"""Which process of the host has a port: for the message that says why it is not to be had.

Source: proc_pid_net(5).
"""

import contextlib
import os
from pathlib import Path
from typing import Final

_TABLES: Final = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}
_PROC: Final = Path("/proc")


def describe(protocol: str, port: int) -> str:
    """Return ` (process NAME, pid 123, has it)`; empty if nobody is found."""
    inodes = {
        inode
        for table in _TABLES.get(protocol, ())
        for inode in _inodes((_PROC / "self/net" / table).read_text(), port)
    }
    targets = {f"socket:[{inode}]" for inode in inodes}
    for process in _PROC.iterdir() if targets else ():
        if process.name.isdecimal() and _has_any(process, targets):
            with contextlib.suppress(OSError):  # it has ended just now
                return f" (process {_name(process)}, pid {process.name}, has it)"
    return ""


def _name(process: Path) -> str:
    """Return what a process calls itself, in a container too: it is shown on terminals."""
    name = (process / "comm").read_bytes().decode(errors="replace").strip()
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _inodes(table: str, port: int) -> list[str]:
    """Return the sockets bound to `port` in a table such as /proc/net/tcp."""
    suffix = f":{port:04X}"
    rows = [line.split() for line in table.splitlines()[1:]]
    return [row[9] for row in rows if len(row) > 9 and row[1].endswith(suffix) and row[9] != "0"]


def _has_any(process: Path, targets: set[str]) -> bool:
    with contextlib.suppress(OSError):  # it ends while it is looked at
        for name in os.listdir(process / "fd"):
            with contextlib.suppress(OSError):
                if os.readlink(process / "fd" / name) in targets:
                    return True
    return False
