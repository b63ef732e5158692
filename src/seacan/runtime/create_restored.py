"""Make a container of processes that somebody else brings back: criu.py, from a checkpoint."""

import os
from collections.abc import Callable
from contextlib import ExitStack

from seacan.errors import Internal
from seacan.files import StrPath
from seacan.kernel.cgroups.cgroup import Cgroup
from seacan.runtime import cgroup_place, state
from seacan.runtime.bundle import Bundle
from seacan.runtime.container import Container
from seacan.runtime.create import compile_seccomp, keep_seccomp, kill_and_reap
from seacan.runtime.devices import with_device_rules
from seacan.runtime.failures import reason
from seacan.runtime.settings import NO_SETTINGS


def create_restored(
    root: StrPath, container_id: str, bundle: Bundle, restore: Callable[[Cgroup, str, str], int]
) -> Container:
    """Make a container of processes that `restore` brings back, given cgroup, its path, a file.

    `restore` returns the pid of the first, a child of the caller; the file is for its own use. The
    container is running. The errors are as of create(), and those of `restore`.
    """
    directory = state.directory(root, container_id)
    try:
        with ExitStack() as undo:
            directory.make()
            undo.callback(directory.remove)
            os.unlink(directory.fifo)
            place = cgroup_place.find(bundle, container_id, NO_SETTINGS)
            record = state.record_of(bundle, container_id, place.path, place.bases, NO_SETTINGS)
            resources = with_device_rules(bundle.linux.get("resources", {}))
            cgroup, record = cgroup_place.take(place, resources, bundle, record, directory, undo)
            undo.callback(cgroup.kill)
            seccomp = compile_seccomp(bundle)
            keep_seccomp(seccomp, directory)
            pid = restore(cgroup, record.cgroup, f"{directory.path}/pid")
            undo.callback(kill_and_reap, pid)
            record = state.with_process(record, pid, seccomp)
            directory.write(record)
            undo.pop_all()
    except OSError as err:
        raise Internal(f"restore container {container_id}: {reason(err)}") from err
    return Container(record, directory)
