"""Project quotas: directories of one project take no more of a file system than its limit.

A project is a number that an inode carries, 0 if nobody gave it one. What is made in a directory
marked for it gets the directory's. xfs and ext4 have them, and both know the commands of xfs.
Each `fd` is of a directory, and stands for the file system that it is on as well.

Source: quotactl_fd(2), linux/fs.h, linux/quota.h, linux/dqblk_xfs.h.
"""

import errno
import fcntl
import struct
from typing import Final

from seacan.kernel import syscalls

_PRJQUOTA: Final = 2  # linux/quota.h
_Q_XGETQUOTA: Final = 0x5803 << 8 | _PRJQUOTA
_Q_XSETQLIM: Final = 0x5804 << 8 | _PRJQUOTA
_Q_XGETQSTAT: Final = 0x5805 << 8 | _PRJQUOTA

_STATE: Final = struct.Struct("=bxH76x")  # struct fs_quota_stat: version, flags
_FS_QUOTA_PDQ_ACCT: Final = 1 << 4
_FS_QUOTA_PDQ_ENFD: Final = 1 << 5

# struct fs_disk_quota: version, whose, fields to set, number; hard and soft limits of blocks and of
# inodes, blocks and inodes in use.
_QUOTA: Final = struct.Struct("=bbHI6Q56x")
_FS_DQUOT_VERSION: Final = 1
_FS_PROJ_QUOTA: Final = 2
_FS_DQ_BSOFT: Final = 1 << 2
_FS_DQ_BHARD: Final = 1 << 3
_BLOCK_BYTES: Final = 512  # BBSIZE, whatever the file system's are

_FS_IOC_FSGETXATTR: Final = 0x801C581F
_FS_IOC_FSSETXATTR: Final = 0x401C5820
_ATTRIBUTES: Final = struct.Struct("=IIII12x")  # struct fsxattr: flags, …, …, project
_FS_XFLAG_PROJINHERIT: Final = 0x200


def are_enforced(fd: int) -> bool:
    """Tell whether this file system counts what projects have, and holds them to their limits."""
    state = bytearray(_STATE.size)
    state[0] = 1  # FS_QSTAT_VERSION
    try:
        syscalls.quotactl_fd(fd, _Q_XGETQSTAT, 0, state)
    except OSError:
        return False  # it has none, they are off, or this process may not
    _, flags = _STATE.unpack(state)
    wanted = _FS_QUOTA_PDQ_ACCT | _FS_QUOTA_PDQ_ENFD
    return int(flags) & wanted == wanted


def project_of(fd: int) -> int:
    """Return the project of a directory; 0 where file systems know none."""
    try:
        return int(_attributes(fd)[3])
    except OSError as err:
        if err.errno in (errno.ENOTTY, errno.EOPNOTSUPP):
            return 0
        raise


def set_project(fd: int, project: int) -> None:
    """Put a directory, and what is made in it from now on, into `project`. Raises OSError."""
    flags, extent_size, extents, _ = _attributes(fd)
    flags |= _FS_XFLAG_PROJINHERIT
    data = _ATTRIBUTES.pack(flags, extent_size, extents, project)
    fcntl.ioctl(fd, _FS_IOC_FSSETXATTR, data)


def _attributes(fd: int) -> tuple[int, ...]:
    data = fcntl.ioctl(fd, _FS_IOC_FSGETXATTR, bytes(_ATTRIBUTES.size))
    return _ATTRIBUTES.unpack(data)


def is_in_use(fd: int, project: int) -> bool:
    """Tell whether anything is in `project`, or a limit set for it. Raises OSError."""
    quota = bytearray(_QUOTA.size)
    try:
        syscalls.quotactl_fd(fd, _Q_XGETQUOTA, project, quota)
    except OSError as err:
        if err.errno == errno.ENOENT:  # xfs, of one that never was
            return False
        raise
    _, _, _, _, *numbers = _QUOTA.unpack(quota)
    return any(numbers)


def set_limit(fd: int, project: int, limit_bytes: int) -> None:
    """Let `project` have no more than `limit_bytes`, rounded up to blocks; 0 is no limit.

    Raises OSError.
    """
    blocks = -(-limit_bytes // _BLOCK_BYTES)
    fields = _FS_DQ_BHARD | _FS_DQ_BSOFT
    header = (_FS_DQUOT_VERSION, _FS_PROJ_QUOTA, fields, project)
    quota = bytearray(_QUOTA.pack(*header, blocks, blocks, 0, 0, 0, 0))
    syscalls.quotactl_fd(fd, _Q_XSETQLIM, project, quota)
