"""Resource limits of a process. Source: setrlimit(2); OCI runtime-spec, config.md#posix-process."""

from __future__ import annotations

import resource

from seacan.errors import Internal, InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from seacan.spec.runtime import Rlimit

# asm-generic/resource.h; the resource module does not know all.
_NUMBERS: Final = {
    "RLIMIT_CPU": 0,
    "RLIMIT_FSIZE": 1,
    "RLIMIT_DATA": 2,
    "RLIMIT_STACK": 3,
    "RLIMIT_CORE": 4,
    "RLIMIT_RSS": 5,
    "RLIMIT_NPROC": 6,
    "RLIMIT_NOFILE": 7,
    "RLIMIT_MEMLOCK": 8,
    "RLIMIT_AS": 9,
    "RLIMIT_LOCKS": 10,
    "RLIMIT_SIGPENDING": 11,
    "RLIMIT_MSGQUEUE": 12,
    "RLIMIT_NICE": 13,
    "RLIMIT_RTPRIO": 14,
    "RLIMIT_RTTIME": 15,
}


def check(rlimits: Iterable[Rlimit]) -> None:
    """Raise InvalidArgument for an unknown, doubled or upside-down limit."""
    seen = set()
    for rlimit in rlimits:
        kind = rlimit.get("type", "")
        if kind not in _NUMBERS:
            raise InvalidArgument(f"process.rlimits: unknown type: {kind!r}")
        if kind in seen:
            raise InvalidArgument(f"process.rlimits: {kind} is there twice")
        if "soft" not in rlimit or "hard" not in rlimit:
            raise InvalidArgument(f"process.rlimits: {kind}: soft or hard is missing")
        if rlimit["soft"] > rlimit["hard"]:
            raise InvalidArgument(f"process.rlimits: {kind}: soft is above hard")
        seen.add(kind)


def apply(rlimits: Iterable[Rlimit]) -> None:
    """Set the limits of this process. Raises Internal naming the one that may not be raised."""
    for rlimit in rlimits:
        try:
            resource.setrlimit(
                _NUMBERS[rlimit["type"]], (_signed(rlimit["soft"]), _signed(rlimit["hard"]))
            )
        except (OSError, ValueError) as err:  # ValueError stands for EPERM, and for EINVAL
            limits = f"{rlimit['soft']}:{rlimit['hard']}"
            raise Internal(f"set {rlimit['type']} to {limits}: {_reason(err)}") from err


def _signed(limit: int) -> int:
    # RLIM_INFINITY is all bits set; the resource module takes the bits as a signed number.
    return limit - 2**64 if limit >= 2**63 else limit


def _reason(err: Exception) -> str:
    if isinstance(err, ValueError):
        return "operation not permitted: above the hard limit of the runtime's own process"
    return str(err)
