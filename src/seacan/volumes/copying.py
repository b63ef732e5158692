"""Single entries of a directory copied to another, by descriptor: no link in either leads out.

Owners, modes, times, extended attributes, hard links, holes and special files stay as they are.
Where the file system can, a copy shares its blocks with the original until one of them is written.
"""

import errno
import os
import stat
from typing import Final

from seacan.kernel import file_data, rooted, syscalls

_BELOW: Final = rooted.RESOLVE_BENEATH | rooted.RESOLVE_NO_SYMLINKS


class Copy:
    """A copy of many entries below the directory `root_fd`; hard links among them stay such.

    Attributes whose name begins with `without` are left out.
    """

    def __init__(self, root_fd: int, *, without: str = "") -> None:
        self._root_fd = root_fd
        self._without = without
        self._linked: dict[tuple[int, int], str] = {}  # path of the copy, from the root

    def entry(self, source: int, status: os.stat_result, target: int, path: str) -> None:
        """Copy what is no directory: the last name of `path`, from the directory `source`.

        `path` is where it goes, from the root; `target` is the directory there.
        """
        name = path.rpartition("/")[2]
        if status.st_nlink > 1:
            first = self._linked.setdefault((status.st_dev, status.st_ino), path)
            if first != path:
                self._link(first, target, name)
                return
        if stat.S_ISREG(status.st_mode):
            _copy_file(name, source, target, self._without)
            return
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        else:
            _make_special(name, status, target)
        os.chown(name, status.st_uid, status.st_gid, dir_fd=target, follow_symlinks=False)
        times = status.st_atime_ns, status.st_mtime_ns
        os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)

    def _link(self, first: str, target: int, name: str) -> None:
        parent, _, base = first.rpartition("/")
        flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
        parent_fd = syscalls.openat2(self._root_fd, parent or ".", flags, 0, _BELOW)
        try:
            os.link(base, name, src_dir_fd=parent_fd, dst_dir_fd=target, follow_symlinks=False)
        finally:
            os.close(parent_fd)


def _make_special(name: str, status: os.stat_result, target: int) -> None:
    os.mknod(name, status.st_mode, status.st_rdev, dir_fd=target)
    # The umask had its say. By descriptor: chmod(2) follows what may be a link by now.
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=target)
    try:
        os.chmod(f"/proc/self/fd/{fd}", stat.S_IMODE(status.st_mode))
    finally:
        os.close(fd)


def copy_status(source: int, status: os.stat_result, target: int, *, without: str = "") -> None:
    """Give `target` the owner, mode, times and attributes of `source`, whose status is given.

    Attributes whose name begins with `without` are left out.
    """
    # The owner first: a change of owner takes away capabilities and set-user-ID.
    os.fchown(target, status.st_uid, status.st_gid)
    for name in os.listxattr(source):
        if not (without and name.startswith(without)):
            os.setxattr(target, name, os.getxattr(source, name))
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _copy_file(name: str, source: int, target: int, without: str) -> None:
    # Not to wait for a FIFO, if it is one by now; a device has nothing to be found in it below.
    source_fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=source)
    try:
        status = os.fstat(source_fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.ESTALE, "replaced while it was copied", name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        target_fd = os.open(name, flags, 0o600, dir_fd=target)
        try:
            file_data.copy(source_fd, target_fd, status.st_size)
            copy_status(source_fd, status, target_fd, without=without)
        finally:
            os.close(target_fd)
    finally:
        os.close(source_fd)
