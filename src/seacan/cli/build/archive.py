"""Files of a directory → a tar, piece by piece: nothing is kept.

Owners are left out (all is root's), times and modes are the files' own. Source: POSIX, pax.
"""

from __future__ import annotations

import os
import stat
import tarfile

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PIECE_BYTES = 256 * 1024
_BLOCK_BYTES = tarfile.BLOCKSIZE
_KINDS = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}
_CAPABILITY = "security.capability"


END = bytes(2 * _BLOCK_BYTES)


def pieces(root: str, paths: Iterable[str], texts: dict[str, bytes]) -> Iterator[bytes]:
    """Yield a tar of `paths` below `root`, and of files whose contents are `texts`.

    It lacks its END. Sockets are left out. Raises InvalidArgument if a file cannot be read.
    """
    for path in paths:
        if path not in texts:
            yield from _member(root, path, path)
    for name, content in texts.items():
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mode = 0o600
        yield _header(info) + content + _padding(info.size)


def below(directory: str, root: str, paths: Iterable[str]) -> Iterator[bytes]:
    """Yield the same of `paths` below `root`, as being in `directory`, which is made."""
    info = tarfile.TarInfo(directory)
    info.type = tarfile.DIRTYPE
    info.mode = 0o755
    yield _header(info)
    for path in paths:
        yield from _member(root, path, f"{directory}/{path}")


def _member(root: str, path: str, name: str) -> Iterator[bytes]:
    full = f"{root}/{path}"
    try:
        status = os.lstat(full)
        kind = _KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            return
        info = _info(full, name, status, kind)
        if kind != tarfile.REGTYPE:
            yield _header(info)
            return
        # What has become a link or a device since is not followed, or waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(full, flags), "rb", buffering=0) as file:
            yield _header(info)
            yield from _content(file.fileno(), path, info.size)
    except OSError as err:
        why = (err.strerror or str(err)).lower()
        raise InvalidArgument(f"error checking context: cannot read {path}: {why}") from err


def _info(full: str, name: str, status: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = stat.S_IMODE(status.st_mode)
    info.mtime = status.st_mtime_ns // 10**9
    extended: dict[str, str] = {}
    if fraction := status.st_mtime_ns % 10**9:
        extended["mtime"] = f"{info.mtime}.{fraction:09}"
    if kind == tarfile.REGTYPE:
        info.size = status.st_size
        if capability := _capability(full):
            extended[f"SCHILY.xattr.{_CAPABILITY}"] = capability
    elif kind == tarfile.SYMTYPE:
        info.linkname = os.readlink(full)
    elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    info.pax_headers = extended
    return info


def _capability(full: str) -> str:
    """Return the capabilities of a file, as tarfile writes bytes: each as a surrogate or itself."""
    try:
        return os.fsdecode(os.getxattr(full, _CAPABILITY, follow_symlinks=False))
    except OSError:  # it has none, or the file system knows none
        return ""


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _content(fd: int, path: str, size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = os.read(fd, min(left, _PIECE_BYTES))
        if not piece:
            raise InvalidArgument(f"error checking context: {path} got shorter while it was read")
        left -= len(piece)
        yield piece
    yield _padding(size)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK_BYTES)
