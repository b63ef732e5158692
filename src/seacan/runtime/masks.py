"""Paths that a container may not see, and paths that it may only read.

A masked file is covered by the container's own /dev/null, once that is known to be the null device:
covered by a link or a file of the image, it would stay writable (CVE-2025-31133). A masked
directory is covered by one empty, read-only tmpfs, the same for all. What does not exist is passed
over; nothing else is. Source: OCI runtime-spec, config-linux.md#masked-paths, #readonly-paths.
"""

from __future__ import annotations

import os
import stat

from seacan.errors import Internal
from seacan.kernel import mounts, rooted
from seacan.kernel.mounts import Change
from seacan.runtime import labels
from seacan.runtime.failures import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

_NULL_DEVICE: Final = os.makedev(1, 3)


class Masks:
    """Covers for the paths below `root_fd`, made when first needed; `label` as of Mounts."""

    def __init__(self, root_fd: int, label: str = "") -> None:
        self._root_fd = root_fd
        self._label = label
        self._null = -1
        self._empty = -1

    def cover(self, paths: Iterable[str]) -> None:
        """Cover each path that exists."""
        for path in paths:
            try:
                self._cover(path)
            except OSError as err:
                raise Internal(f"mask path {path}: {reason(err)}") from err
        self._close()

    def _cover(self, path: str) -> None:
        try:
            target = rooted.open_in_root(self._root_fd, path)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(os.fstat(target).st_mode):
            self._cover_directory(target)
        else:
            self._cover_file(target)
        os.close(target)

    def _cover_file(self, target: int) -> None:
        if self._null < 0:
            self._null = _open_null(self._root_fd)
        _attach_copy(self._null, target)

    def _cover_directory(self, target: int) -> None:
        if self._empty >= 0:
            _attach_copy(self._empty, target)
            return
        # The first cover is the mount itself: a copy can only be made of one that is attached.
        options = ["nr_inodes=1", "size=4k"]
        if self._label:
            options.append(labels.context_option(self._label))
        self._empty = mounts.new_filesystem("tmpfs", "tmpfs", options, mounts.ATTR_RDONLY)
        mounts.attach(self._empty, target)

    def _close(self) -> None:
        for fd in (self._null, self._empty):
            if fd >= 0:
                os.close(fd)
        self._null = self._empty = -1


def _open_null(root_fd: int) -> int:
    fd = rooted.open_in_root(root_fd, "/dev/null", os.O_PATH | os.O_NOFOLLOW)
    status = os.fstat(fd)
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev != _NULL_DEVICE:
        os.close(fd)
        raise Internal("mask paths: /dev/null of the container is not the null device")
    return fd


def _attach_copy(mount_fd: int, target: int) -> None:
    copy = mounts.bind(mount_fd)
    mounts.attach(copy, target)
    os.close(copy)


def make_read_only(root_fd: int, paths: Iterable[str]) -> None:
    """Bind each path that exists onto itself, read-only."""
    for path in paths:
        try:
            target = rooted.open_in_root(root_fd, path)
        except FileNotFoundError:
            continue
        try:
            bound = mounts.bind(target, recursive=True)
            mounts.change(bound, Change(mounts.ATTR_RDONLY))
            mounts.attach(bound, target)
        except OSError as err:
            raise Internal(f"make path {path} read-only: {reason(err)}") from err
        os.close(bound)
        os.close(target)
