"""Stats from the files of version 2, under the names that version 1's figures have."""

from collections.abc import Callable, Iterable

from seacan.kernel.cgroups.stats import (
    Amount,
    BlockIO,
    Cpu,
    Cpuset,
    IOCount,
    Memory,
    Pids,
    Stats,
    flat,
    number,
    pressure,
)

# The content of a file; None if there is no such file.
Read = Callable[[str], str | None]


def stats(read: Read, page_sizes: Iterable[str]) -> Stats:
    """Return what `read` finds; `page_sizes` are those that hugetlb counts."""
    return Stats(
        _cpu(read),
        Cpuset(),
        _memory(read),
        _pids(read),
        _block_io(read),
        {size: _huge_pages(read, size) for size in page_sizes},
        pressure(read("io.pressure")),
    )


def _cpu(read: Read) -> Cpu:
    # The file is there without the controller as well, then without throttling.
    found = flat(read("cpu.stat"))
    return Cpu(
        total_ns=found.get("usage_usec", 0) * 1000,
        user_ns=found.get("user_usec", 0) * 1000,
        kernel_ns=found.get("system_usec", 0) * 1000,
        periods=found.get("nr_periods", 0),
        throttled_periods=found.get("nr_throttled", 0),
        throttled_ns=found.get("throttled_usec", 0) * 1000,
        pressure=pressure(read("cpu.pressure")),
    )


def _memory(read: Read) -> Memory:
    raw = flat(read("memory.stat"))
    memory, swap = _amount(read, "memory"), _amount(read, "memory.swap")
    limits = (memory.limit, swap.limit)
    return Memory(
        cache=raw.get("file", 0),
        memory=memory,
        # There is no peak of the sum.
        swap=Amount(
            usage=memory.usage + swap.usage,
            limit=None if None in limits else sum(limit or 0 for limit in limits),
        ),
        raw=raw,
        pressure=pressure(read("memory.pressure")),
        shortages=flat(read("memory.events")).get("oom", 0),
    )


def _amount(read: Read, name: str) -> Amount:
    limit = read(f"{name}.max")
    return Amount(
        usage=number(read(f"{name}.current")),
        peak=number(read(f"{name}.peak")),  # Linux 5.19, of swap 6.5
        limit=None if limit is not None and limit.strip() == "max" else number(limit),
    )


def _pids(read: Read) -> Pids:
    current = read("pids.current")
    if current is None:
        return Pids(len((read("cgroup.procs") or "").split()))
    return Pids(int(current), number(read("pids.max")))


def _block_io(read: Read) -> BlockIO:
    # 254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0
    sizes: list[IOCount] = []
    counts: list[IOCount] = []
    for line in (read("io.stat") or "").splitlines():
        device, *fields = line.split()
        major, _, minor = device.partition(":")
        values = dict(field.split("=") for field in fields)
        for found, unit in ((sizes, "bytes"), (counts, "ios")):
            for letter, operation in (("r", "Read"), ("w", "Write")):
                if (value := values.get(letter + unit)) is not None:
                    found.append(IOCount(int(major), int(minor), operation, int(value)))
    return BlockIO(tuple(sizes), tuple(counts))


def _huge_pages(read: Read, size: str) -> Amount:
    reserved = read(f"hugetlb.{size}.rsvd.current")
    return Amount(
        usage=number(read(f"hugetlb.{size}.current") if reserved is None else reserved),
        failures=flat(read(f"hugetlb.{size}.events")).get("max", 0),
    )
