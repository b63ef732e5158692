"""Hand a filter to the kernel. It is for good, and what it refuses is refused from here on."""

from __future__ import annotations

from seacan.errors import InvalidArgument
from seacan.kernel import programs
from seacan.records import record
from seacan.runtime.seccomp.policy import has_listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from seacan.spec.runtime import LinuxSeccomp

_NEW_LISTENER: Final = 1 << 3  # linux/seccomp.h: SECCOMP_FILTER_FLAG_*
_WAIT_KILLABLE_RECV: Final = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
# The thread that loads is the only one, so that TSYNC has nothing to do.
FLAGS: Final = {
    "SECCOMP_FILTER_FLAG_TSYNC": 0,
    "SECCOMP_FILTER_FLAG_LOG": 1 << 1,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 1 << 2,
    _WAIT_KILLABLE_RECV: 1 << 5,
}


@record
class Filter:
    """A compiled program with its flags, and where its notifications go (a path on the host)."""

    program: bytes
    flags: int
    listener_path: str = ""
    listener_metadata: str = ""

    @property
    def has_listener(self) -> bool:
        return bool(self.flags & _NEW_LISTENER)


def filter_flags(seccomp: LinuxSeccomp) -> int:
    """Return SECCOMP_FILTER_FLAG_* as seccomp(2) takes them.

    With no list, not even an empty one, speculation is left alone (SPEC_ALLOW), as runc does.
    Raises InvalidArgument for an unknown flag.
    Source: OCI runtime-spec 1.2, config-linux.md#seccomp.
    """
    names = seccomp.get("flags")
    if names is None:
        names = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]
    flags = _NEW_LISTENER if has_listener(seccomp) else 0
    for name in names:
        if name not in FLAGS:
            raise InvalidArgument(f"seccomp: unknown flag {name!r}")
        # How a notified call waits; the kernel does not take it where no call is notified.
        if name != _WAIT_KILLABLE_RECV or flags & _NEW_LISTENER:
            flags |= FLAGS[name]
    return flags


def load_filter(program: bytes, flags: int) -> int:
    """Put this process, and all that it starts, under `program` (of compile_filter).

    Return the descriptor of notifications if `flags` ask for one, else 0. Needs no_new_privs or
    CAP_SYS_ADMIN, so the caller decides when: with no_new_privs as late as can be, without it
    while the capability is still held. Raises OSError (EACCES without either).
    Source: seccomp(2).
    """
    return programs.seccomp_set_mode_filter(program, flags)
