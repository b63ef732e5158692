"""What a container goes without whose maker is not root on the host: a cgroup of its own.

Imported once that could not be made. Source: runc(8), --rootless.
"""

import os

from seacan.errors import Forbidden
from seacan.kernel import procfs
from seacan.runtime.bundle import Bundle

_ALL_IDS = b"0 0 4294967295"


def check(bundle: Bundle, rootless: bool | None, err: OSError) -> None:
    """Raise Forbidden, because of `err`, unless the container does without a cgroup.

    It must not ask for limits; rules for devices are not counted, as everyone has them and a user
    namespace opens no device that its maker cannot. Its processes must end with its first one, as
    there is nothing else to find them by. `rootless` is what the settings say.
    """
    why = f"{err.filename}: {err.strerror}"
    if not (_is_rootless() if rootless is None else rootless):
        raise Forbidden(f"make the container's cgroup: {why}") from err
    for name, limit in bundle.linux.get("resources", {}).items():
        if limit and name != "devices":
            raise Forbidden(f"linux.resources.{name}: the cgroup for it cannot be made: {why}")
    namespace = bundle.namespace("pid")
    if namespace is None or namespace.get("path"):
        raise Forbidden(f"no pid namespace of its own, and no cgroup can be made: {why}")


def _is_rootless() -> bool:
    if os.geteuid() != 0:
        return True
    return b" ".join(procfs.read("self/uid_map").split()) != _ALL_IDS
