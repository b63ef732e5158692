"""The host's directories and files that a container with a user namespace is given.

Its root may not be able to reach them: a bind mount's source may lie behind a directory of mode
0700, and so may the root file system. Who is root on the host copies the mounts beforehand.
"""

import os
from dataclasses import dataclass, field

from seacan.errors import Internal
from seacan.kernel import mounts
from seacan.runtime.bundle import Bundle
from seacan.runtime.failures import reason
from seacan.runtime.mounts import describe


@dataclass(slots=True)
class Sources:
    """Detached mounts: of the root file system, and of binds by their index in `mounts`.

    -1 and no entry stand for what the container is to find itself, by its path.
    """

    root: int = -1
    binds: dict[int, int] = field(default_factory=dict)

    def descriptors(self) -> set[int]:
        return {self.root, *self.binds.values()} - {-1}

    def close(self) -> None:
        for fd in self.descriptors():
            os.close(fd)
        self.root = -1
        self.binds.clear()


def open_sources(bundle: Bundle) -> Sources:
    """Copy the mounts; nothing is copied if the caller may not. Raises Internal naming the path."""
    sources = Sources()
    try:
        _open(sources, bundle)
    except PermissionError:
        sources.close()
    except BaseException:
        sources.close()
        raise
    return sources


def _open(sources: Sources, bundle: Bundle) -> None:
    kind = mounts.MS_SLAVE if _is_from_host(bundle) else mounts.MS_PRIVATE
    name = f"bind root file system {bundle.rootfs}"
    sources.root = _copy(name, str(bundle.rootfs), kind, recursive=True)
    for index, entry in enumerate(bundle.config.get("mounts", [])):
        options = mounts.parse_options(entry.get("options", []))
        if options.is_bind or entry.get("type") == "bind":
            path = str(bundle.path / entry["source"])
            copy = _copy(describe(entry), path, kind, recursive=options.is_recursive)
            sources.binds[index] = copy


def _is_from_host(bundle: Bundle) -> bool:
    """Return whether mounts that the host makes later are to appear: rootfsPropagation."""
    propagation = bundle.linux.get("rootfsPropagation", "")
    return propagation.removeprefix("r") in ("shared", "slave")


def _copy(name: str, path: str, kind: int, *, recursive: bool) -> int:
    # A copy is a peer of its original; what the container mounts below must not appear there.
    try:
        fd = mounts.bind_path(path, recursive=recursive)
    except PermissionError:
        raise
    except OSError as err:
        raise Internal(f"{name}: {reason(err)}") from err
    try:
        mounts.set_propagation(fd, kind, recursive=True)
    except OSError:
        os.close(fd)
        raise
    return fd
