"""Which processes are limited, and where each came from: EXEC_ROOT/limits, a file for each.

A file is there before its cgroup and gone after it, so that no crash leaves one that nobody knows.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from seacan import files


class LimitRecord(msgspec.Struct, frozen=True):
    """One limited process, by pid and start time (clock ticks since boot).

    `origins`: the directory that it was in, by controller, "" for version 2. `cpus` of 0, `memory`
    and `pids` of 0 are no limit.
    """

    pid: int
    started: int
    command: str
    cgroup: str
    origins: dict[str, str]
    cpus: float = 0.0
    memory_bytes: int = 0
    pids: int = 0


class LimitRecords:
    def __init__(self, exec_root: Path) -> None:
        self._directory = exec_root / "limits"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be alone with them, for as long as it is entered."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def all(self) -> list[LimitRecord]:
        paths = sorted(self._directory.glob("*.json"))
        return [msgspec.json.decode(path.read_bytes(), type=LimitRecord) for path in paths]

    def write(self, record: LimitRecord) -> None:
        # A reboot ends the process with the file: it need not be on the disk.
        files.write_atomic(self._path(record), msgspec.json.encode(record), sync=False)

    def remove(self, record: LimitRecord) -> None:
        self._path(record).unlink(missing_ok=True)

    def _path(self, record: LimitRecord) -> Path:
        return self._directory / f"{record.pid}-{record.started}.json"
