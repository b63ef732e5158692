"""The host's directories and files that the parent copies for the child.

The root of a user namespace may not be able to reach them: a bind mount's source may lie behind a
directory of mode 0700, and so may the root file system. Nor may it map the ids of a mount; and the
namespace that holds the mappings is made by a process whose /proc/PID a child in a pid namespace
would not find. Source: OCI runtime-spec, config.md#posix-platform-mounts, #linux-mount-options.
"""

from __future__ import annotations

import errno
import os

from seacan.errors import Internal
from seacan.kernel import idmaps, mounts
from seacan.kernel.mount_options import parse_options
from seacan.runtime.bundle import Bundle, is_id_mapped
from seacan.runtime.failures import reason
from seacan.runtime.mounts import describe
from seacan.runtime.rootfs import isolation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.spec.runtime import Mount


class Sources:
    """Detached mounts: of the root file system, and of binds by their index in `mounts`.

    -1 and no entry stand for what the container is to find itself, by its path.
    """

    def __init__(self) -> None:
        self.root = -1
        self.binds: dict[int, int] = {}

    def descriptors(self) -> set[int]:
        return {self.root, *self.binds.values()} - {-1}

    def close(self) -> None:
        for fd in self.descriptors():
            os.close(fd)
        self.root = -1
        self.binds.clear()


def open_sources(bundle: Bundle) -> Sources:
    """Copy what a user namespace needs, without one the mounts with ids mapped alone.

    Nothing is copied if the caller may not, but for mapped ids. Raises Internal naming the path.
    """
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
    has_user_namespace = bundle.namespace("user") is not None
    kind, _ = isolation(bundle.config)
    if has_user_namespace:
        kind = mounts.MS_SLAVE if kind == mounts.MS_SHARED else kind
        name = f"bind root file system {bundle.rootfs}"
        sources.root = _copy(name, bundle.rootfs, kind, recursive=True)
    for index, entry in enumerate(bundle.config.get("mounts", [])):
        options = parse_options(entry.get("options", []))
        is_bind = (options.is_bind or entry.get("type") == "bind") and not options.is_remount
        if is_bind and (has_user_namespace or is_id_mapped(entry)):
            path = os.path.join(bundle.path, entry["source"])
            copy = _copy(describe(entry), path, kind, recursive=options.is_recursive)
            sources.binds[index] = copy
            if is_id_mapped(entry):
                _map_ids(bundle, entry, copy, recursive=options.is_id_map_recursive)


def _copy(name: str, path: str, kind: int, *, recursive: bool) -> int:
    try:
        fd = mounts.bind_path(path, recursive=recursive)
    except PermissionError:
        raise
    except OSError as err:
        raise Internal(f"{name}: {reason(err)}") from err
    try:
        # A copy is a peer of its original; what the container mounts below must not appear there,
        # unless it is to be so.
        if kind != mounts.MS_SHARED:
            mounts.set_propagation(fd, kind, recursive=True)
    except OSError:
        os.close(fd)
        raise
    return fd


def _map_ids(bundle: Bundle, entry: Mount, mount_fd: int, *, recursive: bool) -> None:
    try:
        namespace = _user_namespace(bundle, entry)
        try:
            mounts.set_id_map(mount_fd, namespace, recursive=recursive)
        finally:
            os.close(namespace)
    except OSError as err:
        hint = ": the file system may not support it" if err.errno == errno.EINVAL else ""
        raise Internal(f"{describe(entry)}: map ids: {reason(err)}{hint}") from err


def _user_namespace(bundle: Bundle, entry: Mount) -> int:
    """Return a descriptor of a user namespace with the mount's mappings, or the container's."""
    if entry.get("uidMappings"):
        return idmaps.user_namespace(entry["uidMappings"], entry["gidMappings"])
    namespace = bundle.namespace("user")
    if namespace and (path := namespace.get("path")):
        return os.open(path, os.O_RDONLY)
    linux = bundle.linux
    return idmaps.user_namespace(linux.get("uidMappings", []), linux.get("gidMappings", []))
