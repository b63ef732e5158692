"""The execution domain. Source: runtime-spec, config-linux.md#personality; personality(2)."""

from __future__ import annotations

from seacan.errors import Internal, InvalidArgument
from seacan.kernel import this_process
from seacan.runtime.failures import cause
from seacan.runtime.launch import Launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from seacan.spec.runtime import LinuxPersonality

_DOMAINS: Final = {"LINUX": 0x0000, "LINUX32": 0x0008}  # linux/personality.h


def check(personality: LinuxPersonality) -> None:
    """Raise InvalidArgument for a domain that the specification does not have, and any flag."""
    if (domain := personality.get("domain", "")) not in _DOMAINS:
        raise InvalidArgument(f"linux.personality.domain: unknown: {domain!r}")
    for flag in personality.get("flags", []):
        raise InvalidArgument(f"linux.personality.flags: unknown: {flag}")


def set_personality(launch: Launch) -> None:
    """Set the domain, which execve keeps: LINUX32 has uname(2) tell of a machine of 32 bits."""
    personality = launch.linux.get("personality")
    if personality is None:
        return
    try:
        this_process.set_personality(_DOMAINS[personality["domain"]])
    except OSError as err:
        raise Internal(f"linux.personality: {personality['domain']}: {cause(err)}") from err
