"""What a process may do: its capabilities, and the calls that its seccomp filter lets through.

Source: proc_pid_status(5), capabilities(7), seccomp(2).
"""

import bisect
import json
import os
from pathlib import Path
from typing import Final

from seacan.hood.process_tree import status_of
from seacan.kernel.capabilities import names_of
from seacan.runtime.seccomp.policy import ACTIONS, Answer, Conditional, read_policy
from seacan.runtime.seccomp.syscall_numbers import numbers
from seacan.spec.explanation import Capabilities, Seccomp
from seacan.spec.runtime import LinuxSeccomp

_MODES: Final = ("off", "strict", "filter")
_LETS_THROUGH: Final = (ACTIONS["SCMP_ACT_ALLOW"], ACTIONS["SCMP_ACT_LOG"])


def read_capabilities(pid: int) -> Capabilities:
    status = status_of(pid)

    def named(field: str) -> list[str]:
        return names_of(int(status[field], 16))

    return {
        "Effective": named("CapEff"),
        "Permitted": named("CapPrm"),
        "Inheritable": named("CapInh"),
        "Bounding": named("CapBnd"),
        "Ambient": named("CapAmb"),
        "NoNewPrivileges": status.get("NoNewPrivs") == "1",
        "See": [f"grep -e Cap -e NoNewPrivs /proc/{pid}/status", f"getpcaps {pid}"],
    }


def read_seccomp(pid: int, bundle: Path | None) -> Seccomp:
    """Return the mode; with the `bundle` of a container, also what its profile refuses."""
    status = status_of(pid)
    mode = _MODES[int(status.get("Seccomp", "0"))]
    profile = _profile(bundle) if bundle and mode == "filter" else None
    blocked, conditional = _verdicts(profile) if profile else (None, None)
    return {
        "Mode": mode,
        "Filters": int(status.get("Seccomp_filters", "0")),
        "Blocked": blocked,
        "Conditional": conditional,
        "See": [f"grep Seccomp /proc/{pid}/status"],
    }


def _profile(bundle: Path) -> LinuxSeccomp | None:
    config = json.loads((bundle / "config.json").read_bytes())
    profile: LinuxSeccomp | None = config.get("linux", {}).get("seccomp")
    return profile


def _verdicts(profile: LinuxSeccomp) -> tuple[list[str], list[str]]:
    """Return the names of calls that are always refused, and of those that depend on arguments."""
    abi = os.uname().machine
    ranges = read_policy(profile).ranges(abi)
    starts = [first for first, _ in ranges]
    blocked, conditional = [], []
    for name, number in sorted(numbers(abi).items()):
        answer: Answer = ranges[bisect.bisect_right(starts, number) - 1][1]
        if isinstance(answer, Conditional):
            conditional.append(name)
        elif answer not in _LETS_THROUGH:
            blocked.append(name)
    return blocked, conditional
