"""What `seacan.hood.limit` prints: a JSON value a line, of one of these shapes.

Sizes in bytes; None stands for no limit.
"""

from typing import TypedDict


class Use(TypedDict):
    """What processes used: `Cpus` kept busy in the last second, memory resident now.

    `HeldBack`: how often all of them had to wait for CPU time; 0 before there is a limit.
    """

    Cpus: float
    Memory: int
    Processes: int
    HeldBack: int


class Limited(TypedDict):
    """A process under limits, and what counts against them now; `Origins` by controller.

    `Lowered` are the flags of limits that became stricter than asked, as they were so before.
    """

    Pid: int
    Command: str
    Cpus: float | None
    Memory: int | None
    MemoryUsed: int
    Pids: int | None
    PidsUsed: int
    Cgroup: str
    Origins: dict[str, str]
    Lowered: list[str]


class Line(TypedDict, total=False):
    """One of them; `Error` is of `rm`, which goes on with the next."""

    Before: Use
    Now: Use
    Limited: Limited
    Removed: int
    Error: str
