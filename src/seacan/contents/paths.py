"""Names in a container's root: where they lead, and what they are called there."""

import os
import posixpath
import stat
from typing import Final

from seacan.kernel import rooted

_LINK_LIMIT: Final = 255  # of Docker; the kernel's own is 40


def absolute(path: str) -> str:
    """Return `path` from the root, without `..` and doubled slashes.

    A last `/` or `/.` stays: with it a link is followed, and a directory meant.
    """
    clean = posixpath.normpath("//" + path).replace("//", "/", 1)
    if path.rpartition("/")[2] == ".":
        return clean.rstrip("/") + "/."
    return clean if clean == "/" or not path.endswith("/") else clean + "/"


def base(path: str) -> str:
    """Return what a path's last part is called; `/` of the root, `.` of what ends so."""
    return path.rstrip("/").rpartition("/")[2] or "/"


def open_place(root_fd: int, path: str) -> int:
    """Open (O_PATH) what an absolute path leads to; the last link is followed only after `/`."""
    flags = os.O_PATH
    if path.endswith(("/", "/.")):
        flags |= os.O_DIRECTORY
    else:
        flags |= os.O_NOFOLLOW
    return rooted.open_in_root(root_fd, path, flags)


def link_target(root_fd: int, path: str) -> str:
    """Return where a path leads when every link of it is followed, as far as there is anything."""
    passed: list[str] = []
    todo = _components(path)
    links = 0
    while todo:
        name = todo.pop()
        if name == "..":
            del passed[-1:]
            continue
        passed.append(name)
        target = _link(root_fd, "/" + "/".join(passed))
        if target is None:
            continue
        links += 1
        if links > _LINK_LIMIT:
            break
        passed.pop()
        if target.startswith("/"):
            passed.clear()
        todo += _components(target)
    return "/" + "/".join(passed)


def _link(root_fd: int, path: str) -> str | None:
    """Return the target of a link; None of what is none, or not there."""
    try:
        fd = rooted.open_in_root(root_fd, path, os.O_PATH | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return os.readlink("", dir_fd=fd) if stat.S_ISLNK(os.fstat(fd).st_mode) else None
    finally:
        os.close(fd)


def _components(path: str) -> list[str]:
    """Return the names of `path`, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]
