"""linux.namespaces of config.json: judged, and joined where they have a path.

Source: OCI runtime-spec, config-linux.md#namespaces, #user-namespace-mappings, and
#offset-for-time-namespace.
"""

from __future__ import annotations

import os

from seacan.errors import Forbidden, InvalidArgument
from seacan.kernel import namespaces, syscalls
from seacan.runtime import sysctls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

    from seacan.spec.runtime import Config, IDMapping, Linux, LinuxNamespace, LinuxTimeOffset, User
    from seacan.spec.runtime import NamespaceType as Kind

_CLOCKS: Final = ("monotonic", "boottime")
_NANOSECONDS: Final = 10**9


def check(config: Config) -> None:
    """Raise InvalidArgument for namespaces that are unknown, doubled, or lack what they need."""
    linux = config.get("linux", {})
    seen: dict[str, str] = {}
    for namespace in linux.get("namespaces", []):
        kind, path = str(namespace.get("type", "")), namespace.get("path", "")
        if kind not in namespaces.FLAGS:
            raise InvalidArgument(f"linux.namespaces: unknown type: {kind!r}")
        if kind in seen:
            raise InvalidArgument(f"linux.namespaces: {kind} is there twice")
        if path and not path.startswith("/"):
            raise InvalidArgument(f"linux.namespaces: {kind}: not an absolute path: {path!r}")
        seen[kind] = path
    if "mount" not in seen:
        raise InvalidArgument("linux.namespaces: a container needs a mount namespace")
    for name in ("hostname", "domainname"):
        if config.get(name) and "uts" not in seen:
            raise InvalidArgument(f"{name}: cannot be set without a uts namespace")
    _check_user(config, seen.get("user"))
    _check_time(linux.get("timeOffsets", {}), seen.get("time"))
    sysctls.check(config, seen)


def _check_user(config: Config, path: str | None) -> None:
    """`path` is None without a user namespace, empty for a new one."""
    linux = config.get("linux", {})
    if path == "":
        _check_mappings(linux, config.get("process", {}).get("user", {}))
        return
    for name in ("uidMappings", "gidMappings"):
        if linux.get(name):
            why = "that is joined has its own" if path else "is not in linux.namespaces"
            raise InvalidArgument(f"linux.{name}: a user namespace {why}")


def _check_mappings(linux: Linux, user: User) -> None:
    from seacan.runtime import idmaps  # few containers have any

    uids, gids = linux.get("uidMappings", []), linux.get("gidMappings", [])
    for name, mappings in (("linux.uidMappings", uids), ("linux.gidMappings", gids)):
        idmaps.check(name, mappings)
        _check_mapped(name, 0, mappings)
    _check_mapped("process.user.uid", user.get("uid", 0), uids)
    for gid in (user.get("gid", 0), *user.get("additionalGids", [])):
        _check_mapped("process.user", gid, gids)


def _check_mapped(name: str, number: int, mappings: Iterable[IDMapping]) -> None:
    for mapping in mappings:
        if 0 <= number - mapping["containerID"] < mapping["size"]:
            return
    raise InvalidArgument(f"{name}: {number} of the container is not mapped")


def _check_time(offsets: Mapping[str, LinuxTimeOffset], path: str | None) -> None:
    if offsets and path is None:
        raise InvalidArgument("linux.timeOffsets: there is no time namespace in linux.namespaces")
    if offsets and path:
        raise InvalidArgument("linux.timeOffsets: a time namespace that is joined has its own")
    for clock, offset in offsets.items():
        if clock not in _CLOCKS:
            raise InvalidArgument(f"linux.timeOffsets: unknown clock: {clock!r}")
        if offset.get("nanosecs", 0) >= _NANOSECONDS:
            raise InvalidArgument(f"linux.timeOffsets.{clock}.nanosecs: a second or more")


def time_offsets(linux: Linux) -> str:
    """Return what /proc/PID/timens_offsets takes; nothing, if there is nothing to be shifted."""
    return "".join(
        f"{clock} {offset.get('secs', 0)} {offset.get('nanosecs', 0)}\n"
        for clock, offset in linux.get("timeOffsets", {}).items()
    )


def new(wanted: Iterable[LinuxNamespace]) -> int:
    """Return the flags (CLONE_NEW*) of those that are to be made."""
    flags = 0
    for namespace in wanted:
        if not namespace.get("path"):
            flags |= namespaces.FLAGS[namespace["type"]]
    return flags


def every(wanted: Iterable[LinuxNamespace]) -> int:
    """Return the flags (CLONE_NEW*) of all, made or joined."""
    flags = 0
    for namespace in wanted:
        flags |= namespaces.FLAGS[namespace["type"]]
    return flags


def join(wanted: Iterable[LinuxNamespace]) -> None:
    """Enter those that have a path; of a pid namespace, what is forked from now on will be in it.

    A user namespace comes after those that belong to the one before, and before those that are its
    own and that only its root may enter. All files are opened first, as a path may mean nothing in
    another mount namespace. Raises InvalidArgument, Forbidden.
    """
    files = {ns["type"]: _open(ns["type"], ns["path"]) for ns in wanted if ns.get("path")}
    user = files.pop("user", None)
    for kind in [kind for kind, fd in files.items() if _enter(kind, fd)]:
        os.close(files.pop(kind))
    if user is not None:
        syscalls.setns(user, namespaces.CLONE_NEWUSER)
        os.close(user)
        namespaces.become_root()
    for kind, fd in files.items():
        if not _enter(kind, fd):
            raise Forbidden(f"linux.namespaces: {kind}: the runtime may not join it")
        os.close(fd)


def _open(kind: Kind, path: str) -> int:
    try:
        fd = namespaces.open_namespace(path, kind)
    except OSError as err:
        raise InvalidArgument(f"linux.namespaces: {kind}: {path}: {err.strerror}") from err
    if kind == "mount" and any(_is_mount_namespace_of(pid, fd) for pid in ("self", "1")):
        os.close(fd)
        raise InvalidArgument(f"linux.namespaces: mount: {path}: the host's, and it has a root")
    return fd


def _is_mount_namespace_of(pid: str, fd: int) -> bool:
    # pivot_root(2) replaces the root of all who are in the namespace.
    try:
        return os.path.samestat(os.fstat(fd), os.stat(f"/proc/{pid}/ns/mnt"))
    except PermissionError:  # nor could it be joined
        return False


def _enter(kind: Kind, fd: int) -> bool:
    """Return False if the caller may not, for lack of privileges over it."""
    try:
        syscalls.setns(fd, namespaces.FLAGS[kind])
    except PermissionError:
        return False
    return True
