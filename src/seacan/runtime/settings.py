"""What a container's maker chooses beside its bundle: flags of the command line."""

from __future__ import annotations

from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


@record
class Settings:
    """Kept with the container, for its later processes; each as runc(8) has the flag.

    `no_pivot`: the root is moved over `/` and entered by chroot(2), for hosts whose own root is the
    initial ramdisk, which pivot_root(2) refuses. `no_new_keyring`: the session keyring stays the
    caller's. `systemd_cgroup`: `cgroupsPath` is SLICE:PREFIX:NAME, made by systemd.
    `rootless`: a cgroup that cannot be made is done without; None if that depends on the caller.
    """

    no_pivot: bool = False
    no_new_keyring: bool = False
    systemd_cgroup: bool = False
    rootless: bool | None = False


NO_SETTINGS: Final = Settings()
