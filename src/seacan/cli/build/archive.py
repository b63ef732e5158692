"""Files of a directory → a tar, piece by piece: nothing is kept.

Owners are left out (all is root's), times and modes are the files' own. Source: POSIX, pax.
"""

from __future__ import annotations

import os
import stat
import tarfile

from seacan.cli.build import directory
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

    from seacan.cli.build.files import Files, Tree

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
TEXT_MODE = 0o600
INSIDE_MODE = 0o755  # of the directory that another context travels in


END = bytes(2 * _BLOCK_BYTES)


def pieces(files: Files) -> Iterator[bytes]:
    """Yield a tar of the files. Sockets are left out.

    Raises InvalidArgument if a file cannot be read.
    """
    for tree in files.trees:
        yield from _tree(tree, files)
    for name, content in files.texts.items():
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mode = TEXT_MODE
        yield _header(info) + content + _padding(info.size)
    yield END


def _tree(tree: Tree, files: Files) -> Iterator[bytes]:
    if tree.inside:
        info = tarfile.TarInfo(tree.inside)
        info.type = tarfile.DIRTYPE
        info.mode = INSIDE_MODE
        yield _header(info)
    for path in directory.files(tree.root, tree.ignored):
        name = tree.name(path)
        if name not in files.texts:
            yield from _member(tree.root, path, name)


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
        with open_file(full) as file:
            yield _header(info)
            yield from content(file, path, info.size)
            yield _padding(info.size)
    except OSError as err:
        raise unreadable(path, err) from err


def open_file(full: str) -> FileIO:
    """Open a file; what has become a link or a device since is not followed, or waited for."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return open(os.open(full, flags), "rb", buffering=0)


def unreadable(path: str, err: OSError) -> InvalidArgument:
    why = (err.strerror or str(err)).lower()
    return InvalidArgument(f"error checking context: cannot read {path}: {why}")


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
        if capability := capability_of(full):
            extended[f"SCHILY.xattr.{_CAPABILITY}"] = os.fsdecode(capability)
    elif kind == tarfile.SYMTYPE:
        info.linkname = os.readlink(full)
    elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    info.pax_headers = extended
    return info


def capability_of(full: str) -> bytes:
    """Return the capabilities of a file; nothing if it has none."""
    try:
        return os.getxattr(full, _CAPABILITY, follow_symlinks=False)
    except OSError:  # or the file system knows none
        return b""


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def content(file: FileIO, path: str, size: int) -> Iterator[bytes]:
    """Yield the first `size` bytes of a file. Raises InvalidArgument if it has fewer."""
    left = size
    while left:
        piece = file.read(min(left, _PIECE_BYTES))
        if not piece:
            raise InvalidArgument(f"error checking context: {path} got shorter while it was read")
        left -= len(piece)
        yield piece


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK_BYTES)
