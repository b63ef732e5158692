"""The capabilities of a container: Docker's fourteen, added to, dropped from, or all there are."""

from collections.abc import Collection, Sequence
from typing import Final

from seacan.errors import InvalidArgument
from seacan.kernel import capabilities
from seacan.spec import runtime

# In Docker's order, so that one config.json can be laid beside another.
DEFAULT: Final = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)
_ALL: Final = "ALL"


def normalise(names: Sequence[str], available: Collection[str], field: str) -> list[str]:
    """Return `names` in capitals and with CAP_; ALL stays as it is.

    Raises InvalidArgument, naming `field`, for one that does not exist or that the daemon itself
    does not have.
    """
    result = []
    for name in names:
        full = name.upper()
        if full != _ALL:
            full = "CAP_" + full.removeprefix("CAP_")
            if full not in capabilities.NUMBERS:
                raise InvalidArgument(f'invalid {field}: unknown capability: "{full}"')
            if full not in available:
                raise InvalidArgument(
                    f"invalid {field}: capability not supported by your kernel or not available "
                    f'in the current environment: "{full}"'
                )
        result.append(full)
    return result


def of_container(
    add: Sequence[str], drop: Sequence[str], available: Sequence[str], *, privileged: bool
) -> list[str]:
    """Return the capabilities of a container; `available` are the daemon's own.

    `--cap-add ALL` starts from all of those and takes the dropped ones away; `--cap-drop ALL`
    leaves the added ones alone. A default one that the daemon lacks is left out.
    """
    added = normalise(add, available, "CapAdd")
    dropped = normalise(drop, available, "CapDrop")
    if privileged:
        return list(available)
    if _ALL in added:
        return [name for name in available if name not in dropped]
    if _ALL in dropped:
        return list(dict.fromkeys(added))
    kept = [name for name in DEFAULT if name in available and name not in dropped]
    return list(dict.fromkeys([*kept, *added]))


def to_oci(names: Sequence[str]) -> runtime.Capabilities:
    """Return the sets of a process; inheritable and ambient stay empty (CVE-2022-24769)."""
    return {"bounding": list(names), "effective": list(names), "permitted": list(names)}
