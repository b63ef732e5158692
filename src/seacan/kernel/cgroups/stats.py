"""What the processes of a cgroup have used and use: the figures, and how their files are read.

stats_v1.py and stats_v2.py make them of files' contents, without a cgroup. Times in nanoseconds,
sizes in bytes. Source: the kernel's cgroup-v1/*.rst and cgroup-v2.rst.
"""

from typing import NamedTuple


class Average(NamedTuple):
    """Percent of the last 10, 60 and 300 s, and microseconds in all, that work stood waiting."""

    avg10: float = 0.0
    avg60: float = 0.0
    avg300: float = 0.0
    total_us: int = 0


class Pressure(NamedTuple):
    """`some`: one process or more waited; `full`: all of them. Source: the kernel's psi.rst."""

    some: Average
    full: Average


class Cpu(NamedTuple):
    """Those by CPU are of version 1 alone."""

    total_ns: int = 0
    user_ns: int = 0
    kernel_ns: int = 0
    by_cpu_ns: tuple[int, ...] = ()
    user_by_cpu_ns: tuple[int, ...] = ()
    kernel_by_cpu_ns: tuple[int, ...] = ()
    periods: int = 0
    throttled_periods: int = 0
    throttled_ns: int = 0
    pressure: Pressure | None = None


class Cpuset(NamedTuple):
    """`flags` by the names of version 1's files: cpu_exclusive, memory_migrate and so on."""

    cpus: tuple[int, ...] = ()
    mems: tuple[int, ...] = ()
    flags: dict[str, int] = {}  # noqa: RUF012  a default that nobody changes


class Amount(NamedTuple):
    """`limit` is None for none that version 2 has; version 1 has a huge number instead."""

    usage: int = 0
    peak: int = 0
    limit: int | None = 0
    failures: int = 0


class Memory(NamedTuple):
    """`swap` is memory and swap together; `raw` is what memory.stat has.

    `shortages` are the times that a limit of version 2 was reached and nothing could be reclaimed.
    """

    cache: int = 0
    memory: Amount = Amount()
    swap: Amount = Amount()
    kernel: Amount = Amount()
    kernel_tcp: Amount = Amount()
    raw: dict[str, int] = {}  # noqa: RUF012
    pressure: Pressure | None = None
    shortages: int = 0


class Pids(NamedTuple):
    """`limit` is 0 for none."""

    current: int = 0
    limit: int = 0


class IOCount(NamedTuple):
    """What was counted for a device; `operation` is Read, Write, Sync, Async or none."""

    major: int
    minor: int
    operation: str
    value: int


class BlockIO(NamedTuple):
    """The counts of this cgroup and those below: version 2 has bytes and operations."""

    service_bytes: tuple[IOCount, ...] = ()
    serviced: tuple[IOCount, ...] = ()
    queued: tuple[IOCount, ...] = ()
    service_time: tuple[IOCount, ...] = ()
    wait_time: tuple[IOCount, ...] = ()
    merged: tuple[IOCount, ...] = ()
    time: tuple[IOCount, ...] = ()
    sectors: tuple[IOCount, ...] = ()


class Stats(NamedTuple):
    """`hugetlb` by page size: 2MB."""

    cpu: Cpu
    cpuset: Cpuset
    memory: Memory
    pids: Pids
    block_io: BlockIO
    hugetlb: dict[str, Amount]
    io_pressure: Pressure | None = None


def flat(text: str | None) -> dict[str, int]:
    """Read lines of `KEY NUMBER`; none of a file that is absent."""
    pairs = (line.split() for line in (text or "").splitlines())
    return {key: int(number) for key, number in pairs}


def number(text: str | None) -> int:
    """Read a number; 0 of a file that is absent, and for `max`."""
    return 0 if text is None or text.strip() == "max" else int(text)


def ranges(text: str | None) -> tuple[int, ...]:
    """Read a list as `0-2,7`."""
    found: list[int] = []
    for part in (text or "").strip().split(","):
        if part:
            first, _, last = part.partition("-")
            found += range(int(first), int(last or first) + 1)
    return tuple(found)


def pressure(text: str | None) -> Pressure | None:
    """Read a file of pressure stall information; None if the kernel keeps none."""
    if text is None:
        return None
    lines: dict[str, Average] = {}
    for line in text.splitlines():
        kind, *fields = line.split()
        values = dict(field.split("=") for field in fields)
        lines[kind] = Average(
            float(values["avg10"]),
            float(values["avg60"]),
            float(values["avg300"]),
            int(values["total"]),
        )
    return Pressure(lines.get("some", Average()), lines.get("full", Average()))


def page_sizes(names: list[str], file: str) -> list[str]:
    """Return the sizes of huge pages that a directory has the `file` for: hugetlb.2MB.FILE."""
    parts = (name.split(".", 2) for name in names if name.startswith("hugetlb."))
    return sorted(size for _, size, rest in parts if rest == file)
