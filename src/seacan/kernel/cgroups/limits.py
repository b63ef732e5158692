"""Limits as writes: decided by limits_v1 and limits_v2 without a cgroup, done here."""

from __future__ import annotations

import errno
import os

from seacan.kernel.cgroups import files
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Final, NoReturn

    from seacan.spec.runtime import LinuxHugepageLimit, LinuxMemory, LinuxPids, LinuxRdma

UNSET_SWAPPINESS: Final = (
    -1,
    2**64 - 1,
)  # Docker's -1 for none, as runc's unsigned field carries it


@record
class Write:
    """`value` for `file`, which belongs to `controller`.

    `absent` are the writes to make instead where there is no such file; None: it is an error.
    """

    controller: str
    file: str
    value: str
    absent: tuple[Write, ...] | None = None


def refuse(limit: str, why: str) -> NoReturn:
    """Raise ENOTSUP for the limit `linux.resources.LIMIT`."""
    raise OSError(errno.ENOTSUP, f"linux.resources.{limit}: {why}")


def refuse_value(limit: str, why: str) -> NoReturn:
    """Raise EINVAL for the value of `linux.resources.LIMIT`."""
    raise OSError(errno.EINVAL, f"linux.resources.{limit}: {why}")


def pids_max(pids: LinuxPids) -> Iterator[Write]:
    """Yield what sets `pids.max`: no limit below 0; 0 becomes 1, the first process itself."""
    if "limit" in pids:
        limit = pids["limit"]
        yield Write("pids", "pids.max", "max" if limit < 0 else str(max(limit, 1)))


def check_limit(name: str, value: int) -> None:
    """Raise EINVAL for a number of bytes or time below -1, which stands for none."""
    if value < -1:
        refuse_value(name, f"{value} is below -1")


def check_usage(memory: LinuxMemory, usage: Callable[[], int]) -> None:
    """Raise EBUSY for a limit that is not above the present usage, if `memory` asks for this test.

    Without it the kernel reclaims, and kills if that is not enough.
    """
    if not memory.get("checkBeforeUpdate"):
        return
    for name, limit in (("limit", memory.get("limit", 0)), ("swap", memory.get("swap", 0))):
        if 0 < limit <= usage():
            reason = f"linux.resources.memory.{name}: {limit} is not above the usage, {usage()}"
            raise OSError(errno.EBUSY, reason)


def huge_page_limit(hugepages: LinuxHugepageLimit) -> tuple[str, str]:
    """Return size of page and limit in bytes; EINVAL without one of them."""
    size, limit = hugepages.get("pageSize"), hugepages.get("limit")
    if not size or "/" in size or limit is None:
        refuse_value("hugepageLimits", "an entry needs pageSize and limit")
    return size, str(limit)


def rdma_max(devices: dict[str, LinuxRdma]) -> Iterator[Write]:
    """Yield the limits of RDMA devices, alike in both versions."""
    for device, limit in devices.items():
        if "hcaHandles" in limit:
            yield Write("rdma", "rdma.max", f"{device} hca_handle={limit['hcaHandles']}")
        if "hcaObjects" in limit:
            yield Write("rdma", "rdma.max", f"{device} hca_object={limit['hcaObjects']}")


def write_all(writes: Iterable[Write], directory: Callable[[str], str]) -> None:
    """Do `writes`; `directory` gives the path for a controller.

    Limits of one controller depend on each other (memory and memory with swap; quota and period),
    and which has to come first depends on their present values: what the kernel refuses with EINVAL
    is tried once more after the rest.
    """
    refused = []
    for write in writes:
        try:
            _write(write, directory)
        except OSError as err:
            if err.errno != errno.EINVAL:
                raise
            refused.append(write)
    for write in refused:
        _write(write, directory)


def _write(write: Write, directory: Callable[[str], str]) -> None:
    path = f"{directory(write.controller)}/{write.file}"
    try:
        files.write(path, write.value)
    except FileNotFoundError as err:
        if write.absent is None:
            reason = f"the kernel, or the cgroup's controllers, do not have it: {os.strerror(2)}"
            raise OSError(errno.ENOENT, reason, path) from err
        for other in write.absent:
            _write(other, directory)
