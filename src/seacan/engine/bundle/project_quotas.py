"""Limits of what may be written below directories: each limit is that of a project of its own.

    number chosen ─▶ directories in it ─▶ limit set      limit lifted ─▶ directories removed

Nothing is noted down. The directories carry their number, so a daemon finds it there whenever it
removes them, and a number is free if the file system knows of nothing in it and no limit for it:
two never share one, whoever died in between, and whichever daemon has the other. All block.
"""

import hashlib
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from seacan.errors import Internal
from seacan.images.trees import remove_tree
from seacan.kernel import project_quotas

# Each data root has as many numbers, beyond those that people give by hand in /etc/projects.
_COUNT: Final = 1 << 16
_ROOTS: Final = (1 << 15) - 1


class ProjectQuotas:
    """For threads."""

    def __init__(self, root: Path) -> None:
        """`root` tells daemons apart that may be on one file system."""
        digest = int.from_bytes(hashlib.sha256(os.fsencode(root)).digest(), "big")
        self._first: Final = _COUNT * (1 + digest % _ROOTS)
        self._turn = threading.Lock()

    def are_enforced(self, directory: Path) -> bool:
        """Tell whether directories on the file system of `directory` can be given a limit."""
        with _opened(directory) as fd:
            return project_quotas.are_enforced(fd)

    def assign(self, directories: Sequence[Path], limit_bytes: int) -> None:
        """Let `directories`, which are empty, have `limit_bytes` together. Raises Internal.

        Who fails in the middle leaves directories to be removed like others.
        """
        with ExitStack() as opened, self._turn:
            fds = [opened.enter_context(_opened(path)) for path in directories]
            try:
                project = self._free_number(fds[0])
                for fd in fds:
                    project_quotas.set_project(fd, project)
                project_quotas.set_limit(fds[0], project, limit_bytes)
            except OSError as err:
                raise Internal(f"limit {directories[0]}: {err.strerror}") from err

    def _free_number(self, fd: int) -> int:
        # Not the least first: daemons whose roots have one path, in containers, would meet there.
        start = secrets.randbelow(_COUNT)
        for offset in range(_COUNT):
            project = self._first + (start + offset) % _COUNT
            if not project_quotas.is_in_use(fd, project):
                return project
        raise Internal(f"all {_COUNT} project ids of this data root are in use")

    def remove(self, directories: Sequence[Path]) -> None:
        """Remove those of `directories` that were given a limit, and lift it first.

        Neighbours without one, and what is gone already, are left alone. Raises OSError.
        """
        limited = [path for path in directories if _lift(path)]
        for path in limited:
            # Each by itself: nothing can be moved out of it where the parent has another project.
            remove_tree(path)


def _lift(directory: Path) -> bool:
    """Lift the limit of a directory; return whether it has a project of its own."""
    try:
        with _opened(directory) as fd, _opened(directory.parent) as parent_fd:
            project = project_quotas.project_of(fd)
            # One that came from above is somebody else's.
            if project in (0, project_quotas.project_of(parent_fd)):
                return False
            if project_quotas.are_enforced(fd):
                project_quotas.set_limit(fd, project, 0)
            return True
    except (FileNotFoundError, NotADirectoryError):
        return False


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield fd
    finally:
        os.close(fd)
