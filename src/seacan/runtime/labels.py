"""Labels of the kernel's security modules: the AppArmor profile, the SELinux contexts.

A label is for the next execve of this process, and is written while /proc is the host's: no mount
of the container's can take it for the kernel (CVE-2019-16884, CVE-2025-52881). Programs forked
before that execve would have it as well, so hooks that are not the container's own come first.
Source: OCI runtime-spec, config.md#linux-process; kernel, Documentation/admin-guide/LSM,
proc_pid_attr(5).
"""

from __future__ import annotations

import errno
import os

from seacan.errors import Internal, Unsupported
from seacan.kernel import procfs
from seacan.runtime.failures import cause
from seacan.runtime.launch import Launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from seacan.spec.runtime import Process

_UNCONFINED: Final = "unconfined"  # the profile of who has none: asks for nothing without AppArmor
_APPARMOR: Final = "/sys/module/apparmor/parameters/enabled"
_SELINUX: Final = "/sys/fs/selinux/enforce"


def check_kernel(process: Process, mount_label: str = "") -> None:
    """Raise Unsupported for a label of a module that this kernel does not have, or not enabled."""
    profile = process.get("apparmorProfile", "")
    if profile not in ("", _UNCONFINED) and not has_apparmor():
        raise Unsupported(f"process.apparmorProfile: {profile}: AppArmor is not enabled here")
    for name, label in (
        ("process.selinuxLabel", process.get("selinuxLabel")),
        ("linux.mountLabel", mount_label),
    ):
        if label and not has_selinux():
            raise Unsupported(f"{name}: {label}: SELinux is not enabled here")


def has_selinux() -> bool:
    """Tell whether SELinux is enabled, and has its file system mounted as it must be."""
    return os.path.exists(_SELINUX)


def has_apparmor() -> bool:
    """Tell whether AppArmor is enabled."""
    try:
        fd = os.open(_APPARMOR, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return os.read(fd, 1) == b"Y"
    finally:
        os.close(fd)


def label_keyring(launch: Launch) -> None:
    """Have the keyring to come belong to the container; execve ends it."""
    if label := launch.process.get("selinuxLabel"):
        _write("process.selinuxLabel", label, "keycreate", label)


def label_process(launch: Launch) -> None:
    """Have the next execve change to the container's labels."""
    profile = launch.process.get("apparmorProfile")
    if profile and (profile != _UNCONFINED or has_apparmor()):
        _write("process.apparmorProfile", profile, "apparmor/exec", f"exec {profile}")
    if label := launch.process.get("selinuxLabel"):
        _write("process.selinuxLabel", label, "exec", label)


def context_option(mount_label: str) -> str:
    """Return the option that gives all of a new file system this SELinux context: mount(8)."""
    return f"context={mount_label}"


def _write(name: str, label: str, attribute: str, value: str) -> None:
    try:
        procfs.write(f"self/attr/{attribute}", value)
    except OSError as err:
        is_absent = err.errno == errno.ENOENT and name == "process.apparmorProfile"
        why = "no such profile is loaded" if is_absent else cause(err)
        raise Internal(f"{name}: {label}: {why}") from err
