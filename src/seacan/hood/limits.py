"""Limits for processes that nobody started as a container.

    add     record ─▶ cgroup of our own, with limits ─▶ the process, and its children, moved in
    remove  all that is in there moved back ─▶ cgroup removed ─▶ record removed

With version 1 the process leaves its cgroups only in the hierarchies whose limits are asked for,
with version 2 the one that it has: limits that counted there are taken along. Containers are left
to their engine. Memory that a process has already stays counted where it was.
Source: the kernel's cgroup-v1/*.rst and cgroup-v2.rst.
"""

import errno
import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from seacan import paths
from seacan.errors import Conflict, Internal, InvalidArgument, NotFound
from seacan.hood import cgroups, process_tree
from seacan.hood.limit_records import LimitRecord, LimitRecords
from seacan.kernel import procfs
from seacan.kernel.cgroups import files, hierarchy
from seacan.kernel.cgroups.cgroup import Cgroup
from seacan.kernel.processes import is_kernel_thread, start_time
from seacan.spec.runtime import LinuxResources

_PERIOD_US: Final = 100_000  # the kernel's default
_ROUNDS: Final = 100  # of moving what was forked meanwhile


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for, 0 for nothing of a kind: CPUs, bytes, processes."""

    cpus: float = 0.0
    memory_bytes: int = 0
    pids: int = 0

    def named(self) -> dict[str, float]:
        """Return what is asked for, by controller."""
        pairs = {"cpu": self.cpus, "memory": float(self.memory_bytes), "pids": float(self.pids)}
        return {name: value for name, value in pairs.items() if value}


class Limits:
    """Those that one exec root remembers; a call waits for others that are at work there."""

    def __init__(self, exec_root: Path) -> None:
        self._records = LimitRecords(exec_root)
        self._parent = _parent(exec_root)

    def add(self, pid: int, wanted: Wanted) -> LimitRecord:
        """Limit a process and what it has started, or change its limits.

        Raises NotFound, InvalidArgument, Conflict for a process that is another's to limit,
        Internal for what the kernel refuses; nothing has changed then.
        """
        with self._records.locked():
            self._sweep()
            started = _check(pid)
            if record := self._find(pid):
                return self._change(record, wanted)
            self._refuse_inherited(pid)
            record = self._record(pid, started, wanted)
            self._records.write(record)
            try:
                self._apply(record)
                _move_tree(pid, record)
            except OSError as err:
                self._give_back(record)
                raise Internal(f"limit process {pid}: {err.strerror}: {err.filename}") from err
            return record

    def remove(self, pid: int) -> None:
        """Put a process, and all that it has started, back to where it was. Raises NotFound."""
        with self._records.locked():
            record = self._find(pid)
            if record is None:
                raise NotFound(f"process {pid} is not limited: `seacan limit ls` shows what is")
            self._give_back(record)
            self._sweep()

    def list(self) -> list[LimitRecord]:
        """Return what is limited, and forget what has ended."""
        with self._records.locked():
            self._sweep()
            return self._records.all()

    def _find(self, pid: int) -> LimitRecord | None:
        return next((record for record in self._records.all() if record.pid == pid), None)

    def _record(self, pid: int, started: int, wanted: Wanted) -> LimitRecord:
        places = hierarchy.directories_of(pid)
        if hierarchy.detect() == "v1":
            origins = {name: places[name] for name in wanted.named() if name in places}
            if missing := wanted.named().keys() - origins.keys():
                raise InvalidArgument(f"this kernel has no controller for {', '.join(missing)}")
        else:
            origins = {"": places[""]}
        strict = _with_present(wanted, origins)
        return LimitRecord(
            pid,
            started,
            _command(pid),
            f"{self._parent}/{pid}-{started}",
            origins,
            strict.cpus,
            strict.memory_bytes,
            strict.pids,
        )

    def _change(self, record: LimitRecord, wanted: Wanted) -> LimitRecord:
        """Set other limits; those of version 1 that are new take the process along."""
        places = hierarchy.directories_of(record.pid)
        origins = dict(record.origins)
        if "" not in origins:
            origins |= {name: places[name] for name in wanted.named() if name not in origins}
        strict = _with_present(wanted, origins)
        changed = replace(
            record,
            origins=origins,
            cpus=strict.cpus or record.cpus,
            memory_bytes=strict.memory_bytes or record.memory_bytes,
            pids=strict.pids or record.pids,
        )
        self._records.write(changed)
        try:
            self._apply(changed)
            for pid in open_cgroup(record).pids():
                _move(pid, changed)
        except OSError as err:
            raise Internal(f"limit process {record.pid}: {err.strerror}: {err.filename}") from err
        return changed

    def _apply(self, record: LimitRecord) -> None:
        cgroup = open_cgroup(record)
        cgroup.create()
        cgroup.apply(_resources(record))

    def _refuse_inherited(self, pid: int) -> None:
        for record in self._records.all():
            if pid in open_cgroup(record).pids():
                raise Conflict(
                    f"process {pid} is under the limit of process {record.pid} already: "
                    f"change that, or end it by `seacan limit rm {record.pid}`"
                )

    def _sweep(self) -> None:
        """Forget limits that no process is under any more, and the cgroup above the last one."""
        for record in self._records.all():
            if not open_cgroup(record).pids():
                self._give_back(record)
        if not self._records.all():
            hierarchy.open_controllers(self._parent, _controllers()).remove()

    def _give_back(self, record: LimitRecord) -> None:
        cgroup = open_cgroup(record)
        for _ in range(_ROUNDS):
            left = cgroup.pids()
            if not left:
                break
            for pid in left:
                # The first, where all are looked for, last: whoever is found is not back yet.
                for origin in reversed(record.origins.values()):
                    _put(pid, _nearest(origin))
        try:
            cgroup.remove()
        except OSError as err:
            raise Internal(f"end the limit of process {record.pid}: {err.strerror}") from err
        self._records.remove(record)


def open_cgroup(record: LimitRecord) -> Cgroup:
    """Return the cgroup that a limited process is in."""
    return hierarchy.open_controllers(record.cgroup, list(record.origins))


def _controllers() -> list[str]:
    """Return those that any limit needs, as far as this host has them."""
    own = hierarchy.directories_of(os.getpid())
    return [each.controller for each in cgroups.resources() if each.controller in own]


def _parent(exec_root: Path) -> str:
    """Return the cgroup that all limits are below: each exec root has its own."""
    if exec_root == paths.DEFAULT_EXEC_ROOT:
        return "/seacan-limits"
    return f"/seacan-limits-{hashlib.sha256(str(exec_root).encode()).hexdigest()[:12]}"


def _check(pid: int) -> int:
    """Return when a process was started, if it may be limited."""
    started = start_time(pid)
    if started is None:
        raise NotFound(f"No such process: {pid}")
    if pid == 1:
        raise InvalidArgument("process 1 is the host's first: to limit it stops everything else")
    if is_kernel_thread(pid):
        raise InvalidArgument(f"process {pid} is a thread of the kernel, which has no limits")
    if cgroups.is_in_container(pid):
        raise Conflict(
            f"process {pid} is in a container: its engine limits it, as by "
            "`seacan update --cpus 0.1 CONTAINER`"
        )
    return started


def _with_present(wanted: Wanted, origins: Mapping[str, str]) -> Wanted:
    """Return `wanted`, made as strict as what counts for the process in the places it leaves."""
    strict = {}
    for resource in cgroups.resources():
        directory = origins.get(resource.controller)
        present = cgroups.strictest(resource, directory)[0] if directory else None
        asked = wanted.named().get(resource.name)
        strict[resource.name] = min((v for v in (present, asked) if v is not None), default=0.0)
    return Wanted(strict["cpu"], int(strict["memory"]), int(strict["pids"]))


def _resources(record: LimitRecord) -> LinuxResources:
    resources: LinuxResources = {}
    if record.cpus:
        resources["cpu"] = {"quota": round(record.cpus * _PERIOD_US), "period": _PERIOD_US}
    if record.memory_bytes:
        resources["memory"] = {"limit": record.memory_bytes}
    if record.pids:
        resources["pids"] = {"limit": record.pids}
    return resources


def _command(pid: int) -> str:
    return os.fsdecode(procfs.read(f"{pid}/cmdline")).rstrip("\0").replace("\0", " ")


def _move_tree(pid: int, record: LimitRecord) -> None:
    """Move a process, then what it has started that is where it was, until there is no more.

    Descendants that somebody has put elsewhere, as containers, are left there.
    """
    _move(pid, record)
    for _ in range(_ROUNDS):
        tree = process_tree.pids(process_tree.read(pid)["Tree"])
        outside = [each for each in tree if _is_at_any(each, record.origins)]
        if not outside:
            return
        for each in outside:
            _move(each, record)


def _move(pid: int, record: LimitRecord) -> None:
    with suppress(ProcessLookupError):
        open_cgroup(record).join(pid)


def _is_at_any(pid: int, origins: Mapping[str, str]) -> bool:
    try:
        places = hierarchy.directories_of(pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(places.get(name) == directory for name, directory in origins.items())


def _put(pid: int, directory: str) -> None:
    try:
        files.write(f"{directory}/cgroup.procs", str(pid))
    except OSError as err:
        if err.errno != errno.ESRCH:  # it has ended
            raise Internal(f"move process {pid}: {err.strerror}: {err.filename}") from err


def _nearest(directory: str) -> str:
    """Return `directory`, or the first above it that is still there."""
    while not os.path.exists(f"{directory}/cgroup.procs") and directory != "/":
        directory = os.path.dirname(directory)
    return directory
