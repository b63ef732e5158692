"""Hand a filter to the kernel. It is for good, and what it refuses is refused from here on."""

from typing import Final

from seacan.errors import InvalidArgument, Unsupported
from seacan.kernel import syscalls
from seacan.spec.runtime import LinuxSeccomp

# linux/seccomp.h; the thread that loads is the only one, so that TSYNC has nothing to do.
_FLAGS: Final = {
    "SECCOMP_FILTER_FLAG_TSYNC": 0,
    "SECCOMP_FILTER_FLAG_LOG": 1 << 1,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 1 << 2,
}
_FOR_NOTIFY: Final = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"


def filter_flags(seccomp: LinuxSeccomp) -> int:
    """Return SECCOMP_FILTER_FLAG_* as seccomp(2) takes them.

    With no list, not even an empty one, speculation is left alone (SPEC_ALLOW), as runc does.
    Raises InvalidArgument for an unknown flag, Unsupported for one that goes with SCMP_ACT_NOTIFY.
    Source: OCI runtime-spec 1.2, config-linux.md#seccomp.
    """
    names = seccomp.get("flags")
    if names is None:
        names = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]
    flags = 0
    for name in names:
        if name == _FOR_NOTIFY:
            raise Unsupported(f"seccomp: flag {name} is not supported")
        if name not in _FLAGS:
            raise InvalidArgument(f"seccomp: unknown flag {name!r}")
        flags |= _FLAGS[name]
    return flags


def load_filter(program: bytes, flags: int) -> None:
    """Put this process, and all that it starts, under `program` (of compile_filter).

    Needs no_new_privs or CAP_SYS_ADMIN, so the caller decides when: with no_new_privs as late as
    can be, without it while the capability is still held. Raises OSError (EACCES without either).
    Source: seccomp(2).
    """
    syscalls.seccomp_set_mode_filter(program, flags)
