"""`process.capabilities`: the sets that a process can have of those that it should.

What this kernel does not know, or the runtime does not have itself, is left out with a warning.
Source: OCI runtime-spec 1.2, config.md#linux-process.
"""

from __future__ import annotations

from seacan import log
from seacan.kernel import this_process
from seacan.kernel.capabilities import mask_of
from seacan.lean import cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.spec.runtime import Process


def sets_of(process: Process) -> tuple[int, int, int, int]:
    """Return the effective, permitted, inheritable and ambient set, of what the caller has now."""
    sets = process.get("capabilities", {})
    _, held, _ = this_process.capget()
    permitted = mask_of(sets.get("permitted", [])) & held
    inheritable = mask_of(sets.get("inheritable", [])) & held
    return (
        mask_of(sets.get("effective", [])) & permitted,
        permitted,
        inheritable,
        # What the kernel would refuse is passed over: such sets are in what `runc spec` writes.
        mask_of(sets.get("ambient", [])) & permitted & inheritable,
    )


def warn_of_missing(process: Process, *, has_all: bool) -> None:
    """Warn of capabilities that `process` asks for and will not have.

    In a user namespace it `has_all` that there are, else none that the caller does not have.
    """
    _, held, _ = this_process.capget()
    sets = cast("dict[str, list[str]]", process.get("capabilities", {}))
    wanted = {name for names in sets.values() for name in names}
    missing = [name for name in wanted if not mask_of([name]) & (-1 if has_all else held)]
    if missing:
        names = " ".join(sorted(missing))
        log.warn("capabilities that cannot be given are left out", names=names)
