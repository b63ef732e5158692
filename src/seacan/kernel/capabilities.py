"""Capabilities by name, and the five sets of a process. Source: capabilities(7)."""

from __future__ import annotations

import errno

from seacan.kernel import this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

# linux/capability.h: the position is the number.
NAMES: Final = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
)
NUMBERS: Final = {name: number for number, name in enumerate(NAMES)}
SYS_ADMIN: Final = 1 << NUMBERS["CAP_SYS_ADMIN"]


def mask_of(names: Iterable[str]) -> int:
    """Return the bit mask of capability names; those that are not known count for nothing."""
    mask = 0
    for name in names:
        if name in NUMBERS:
            mask |= 1 << NUMBERS[name]
    return mask


def names_of(mask: int) -> list[str]:
    """Return the names of the bits of `mask`, in the order of their numbers."""
    return [name for number, name in enumerate(NAMES) if mask >> number & 1]


def limit_bounding_set(mask: int) -> None:
    """Drop from the bounding set all that is not in `mask`. Needs CAP_SETPCAP."""
    try:
        for number in range(64):
            if not mask >> number & 1:
                this_process.capbset_drop(number)
    except OSError as err:
        if err.errno != errno.EINVAL:  # one above the last that this kernel has
            raise


def set_ambient(mask: int) -> None:
    """Make the ambient set `mask`; each must be permitted and inheritable."""
    this_process.cap_ambient_clear()
    for number in range(mask.bit_length()):
        if mask >> number & 1:
            this_process.cap_ambient_raise(number)
