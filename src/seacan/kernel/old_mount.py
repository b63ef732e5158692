"""A new file system by mount(2), for what fsconfig(2) does not take.

That is a value of more than 255 bytes (the lower directories of an overlay), one with a quoted
comma in it, and the flag `iversion`. mount(2) wants a path: a tmpfs of our own is put there for the
time of the call, and what is returned is a detached mount as of mounts.new_filesystem().
Source: mount(2).
"""

from __future__ import annotations

import errno
import os

from seacan.kernel import mounts, syscalls
from seacan.kernel.mounts import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

_MS_I_VERSION: Final = 1 << 23  # linux/mount.h, also those below
_FLAGS: Final = {"ro": 0x01, "sync": 0x10, "mand": 0x40, "dirsync": 0x80, "lazytime": 1 << 25}
_NEGATIONS: Final = {"rw": "ro", "async": "sync", "nomand": "mand", "nolazytime": "lazytime"}
_MAX_DATA: Final = os.sysconf("SC_PAGE_SIZE") - 1


def new_filesystem(
    place_fd: int,
    fstype: str,
    source: str,
    data: Iterable[str],
    *,
    attributes: int = 0,
    iversion: bool = False,
) -> int:
    """Return a detached mount of a new file system, configured by `data`, flags among them.

    `place_fd` is a directory on a private mount of this namespace; it is covered meanwhile.
    """
    flags, words = _flags_and_data(data)
    text = ",".join(words)
    if len(os.fsencode(text)) > _MAX_DATA:
        raise OSError(errno.E2BIG, f"options are longer than {_MAX_DATA} bytes", fstype)
    scratch = mounts.new_filesystem("tmpfs", "tmpfs", ("mode=700",))
    try:
        mounts.attach(scratch, place_fd)
        try:
            os.mkdir("new", dir_fd=scratch)
            path = f"/proc/self/fd/{scratch}/new"
            syscalls.mount(source, path, fstype, flags | (_MS_I_VERSION if iversion else 0), text)
            return _detached(path, attributes)
        finally:
            syscalls.umount2(f"/proc/self/fd/{scratch}", mounts.MNT_DETACH)
    finally:
        os.close(scratch)


def _flags_and_data(data: Iterable[str]) -> tuple[int, list[str]]:
    flags, words = 0, []
    for word in data:
        if word in _FLAGS:
            flags |= _FLAGS[word]
        elif word in _NEGATIONS:
            flags &= ~_FLAGS[_NEGATIONS[word]]
        else:
            words.append(_quoted(word))
    return flags, words


def _quoted(word: str) -> str:
    # The categories of an SELinux context have commas between them.
    key, _, value = word.partition("=")
    return f'{key}="{value}"' if "," in value and not {'"', "\\"} & set(value) else word


def _detached(path: str, attributes: int) -> int:
    mount_fd = mounts.bind_path(path)
    if attributes:
        clear = mounts.ATTR_ATIME_MASK if attributes & mounts.ATTR_ATIME_MASK else 0
        mounts.change(mount_fd, Change(attributes, clear))
    return mount_fd
