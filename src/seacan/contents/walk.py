"""A tree of files, entry by entry, while somebody else may change it: by descriptor, never by path.

Names are in the order of their bytes, and a directory comes before what is in it. The place in the
tree is a stack of open directories, not of calls: a tree may be deeper than Python recurses.
"""

import os
import stat
from collections.abc import Iterator
from typing import Final

from seacan import log
from seacan.errors import InvalidArgument
from seacan.kernel import syscalls
from seacan.records import record

ENTRY_FLAGS: Final = os.O_PATH | os.O_NOFOLLOW
# Of the kernel, not of anybody's files; linux/magic.h: proc, sysfs, devpts, cgroup, cgroup2,
# mqueue, securityfs, debugfs, tracefs, bpf, pstore, configfs, binfmt_misc, nsfs.
_OF_KERNEL: Final = frozenset(
    (0x9FA0, 0x62656572, 0x1CD1, 0x27E0EB, 0x63677270, 0x19800202, 0x73636673, 0x64626720,
     0x74726163, 0xCAFE4A11, 0x6165676C, 0x62656570, 0x42494E4D, 0x6E736673)
)  # fmt: skip
# Four times what the kernel takes in one: of deeper trees the paths themselves fill the memory.
_LONGEST_PATH: Final = 16 << 10
_LIST_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@record
class Entry:
    """`fd` (O_PATH) is what `status` is of, whatever has its name by now; open until the next."""

    path: str  # from the top of the walk, without a slash at either end
    fd: int
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)


class Walk:
    def __init__(self, top_fd: int) -> None:
        self._stack: list[tuple[str, int, Iterator[str]]] = []
        self._descend("", top_fd)

    def __iter__(self) -> Iterator[Entry]:
        """Yield every entry below the top; what is gone when its turn comes is left out.

        Of file systems of the kernel that are mounted below, the mount point alone is told. Raises
        InvalidArgument for a tree that is deeper than anybody uses.
        """
        try:
            while self._stack:
                path, directory_fd, names = self._stack[-1]
                name = next(names, None)
                if name is None:
                    os.close(directory_fd)
                    self._stack.pop()
                    continue
                fd = open_entry(directory_fd, name)
                if fd is None:
                    continue
                try:
                    entry = Entry(f"{path}{name}", fd, os.fstat(fd))
                    yield entry
                    if entry.is_directory and not self._is_kernels(entry, directory_fd):
                        self._descend(f"{entry.path}/", fd)
                finally:
                    os.close(fd)
        finally:
            for _, directory_fd, _ in self._stack:
                os.close(directory_fd)

    def _is_kernels(self, entry: Entry, parent_fd: int) -> bool:
        if entry.status.st_dev == os.fstat(parent_fd).st_dev:
            return False
        return syscalls.fstatfs_type(entry.fd) in _OF_KERNEL

    def _descend(self, path: str, directory_fd: int) -> None:
        if len(path) > _LONGEST_PATH:
            raise InvalidArgument(f"{path[:100]}…: deeper than {_LONGEST_PATH} characters")
        try:
            fd = os.open(".", _LIST_FLAGS, dir_fd=directory_fd)
        except OSError as err:
            # A file system that the container mounted may refuse; the rest is copied all the same.
            log.warn("directory is left out", path=path, error=err)
            return
        self._stack.append((path, fd, iter(list_names(fd))))


def list_names(directory_fd: int) -> list[str]:
    """Return the names in a directory, in the order of their bytes."""
    try:
        return sorted(os.listdir(directory_fd), key=os.fsencode)
    except FileNotFoundError:
        return []  # removed while it was open


def open_entry(directory_fd: int, name: str) -> int | None:
    """Return a descriptor (O_PATH) of an entry, of a link itself; None if there is none."""
    try:
        return os.open(name, ENTRY_FLAGS, dir_fd=directory_fd)
    except FileNotFoundError:
        return None
