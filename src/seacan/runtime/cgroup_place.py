"""Where a container's cgroup is to be, what limits it gets, and how it is taken.

Source: OCI runtime-spec, config-linux.md#cgroups-path, #control-groups.
"""

from __future__ import annotations

import errno

from seacan.errors import Conflict, Internal, InvalidArgument, Unavailable, Unsupported
from seacan.kernel.cgroups import hierarchy
from seacan.lean import ExitStack
from seacan.records import record, replace
from seacan.runtime.bundle import Bundle
from seacan.runtime.devices import with_device_rules
from seacan.runtime.failures import reason
from seacan.runtime.settings import Settings
from seacan.runtime.state import Record, StateDirectory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.kernel.cgroups.cgroup import Cgroup
    from seacan.spec.runtime import LinuxDeviceCgroup, LinuxResources


@record
class Place:
    """A cgroup, and what the Record says of it."""

    cgroup: Cgroup
    path: str
    bases: dict[str, str]


def find(bundle: Bundle, container_id: str, settings: Settings) -> Place:
    """Return where the cgroup is to be. Raises InvalidArgument, Unavailable without systemd."""
    path = bundle.linux.get("cgroupsPath", "")
    try:
        if settings.systemd_cgroup:
            # Who wants it waits for systemd anyway.
            from seacan.kernel.cgroups.systemd import new_cgroup

            made = new_cgroup(path, container_id, bundle.config.get("annotations", {}))
            return Place(made, made.path, {})
        path, bases = hierarchy.place(checked_path(path or container_id))
        return Place(hierarchy.open_cgroup(path, bases), path, bases)
    except OSError as err:
        kind = InvalidArgument if err.errno == errno.EINVAL else Unavailable
        raise kind(reason(err)) from err


def checked_path(path: str) -> str:
    """Return linux.cgroupsPath without slashes that say nothing."""
    names = path.strip("/").split("/")
    if not all(names) or {".", ".."}.intersection(names):
        raise InvalidArgument(f"linux.cgroupsPath: not a path below the root: {path!r}")
    return "/" * path.startswith("/") + "/".join(names)


def take(
    place: Place,
    resources: LinuxResources,
    bundle: Bundle,
    record: Record,
    directory: StateDirectory,
    undo: ExitStack,
) -> tuple[Cgroup, Record]:
    """Return the cgroup with its limits, and the record, which has an empty path for none."""
    cgroup = place.cgroup
    # All that is in there will be taken for the container's, and killed with it.
    if pids := cgroup.pids():
        raise Conflict(f"container's cgroup is not empty: {len(pids)} process(es) found")
    # Said before it is taken: whoever comes after a kill -9 knows what to give back.
    directory.write(record)
    undo.callback(cgroup.remove)
    made = _make(cgroup, resources, bundle, record.settings)
    if made is not cgroup:
        record = replace(record, cgroup="", cgroup_bases={})
        directory.write(record)
    return made, record


def _make(cgroup: Cgroup, resources: LinuxResources, bundle: Bundle, settings: Settings) -> Cgroup:
    try:
        cgroup.create()
        cgroup.apply(resources)
    except OSError as err:
        if err.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return _without_cgroup(bundle, settings, cgroup, err)
        kind = Unsupported if err.errno == errno.ENOTSUP else Internal
        raise kind(f"apply cgroup configuration: {reason(err)}") from err
    return cgroup


def _without_cgroup(bundle: Bundle, settings: Settings, half_made: Cgroup, err: OSError) -> Cgroup:
    from seacan.kernel.cgroups.absent import NoCgroup
    from seacan.runtime import rootless  # both for a caller who may not do all

    rootless.check(bundle, settings.rootless, err)
    half_made.remove()
    return NoCgroup()


def resources(bundle: Bundle) -> tuple[LinuxResources, list[LinuxDeviceCgroup]]:
    """Return the limits, and device rules for the child to make.

    That is where it mounts devices: what it mounts need not be allowed inside.
    """
    limits = with_device_rules(bundle.linux.get("resources", {}))
    if not bundle.mounts_block_device or bundle.namespace("user"):
        return limits, []
    return {**limits, "devices": []}, limits["devices"]
