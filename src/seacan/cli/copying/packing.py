"""Files of this machine become a tar archive, piece by piece."""

from __future__ import annotations

import os
import stat
import tarfile

from seacan.cli.input import PIECE_BYTES, open_error
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}
_END = bytes(2 * tarfile.BLOCKSIZE)


def pack(path: str, name: str) -> Iterator[bytes]:
    """Yield an archive of `path`, called `name` in it; "." makes it what is in a directory.

    Owners are numbers alone. Sockets are left out. Raises InvalidArgument if one cannot be read.
    """
    yield from _entries(path, name, {})
    yield _END


def _entries(path: str, name: str, linked: dict[tuple[int, int], str]) -> Iterator[bytes]:
    """Yield an entry and those below it; `linked`: names of files that have several."""
    try:
        status = os.lstat(path)
        info = _header(path, name, status, linked)
        if info is None:
            return
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if info.isreg():
            yield from _content(path, info.size)
        names = sorted(os.listdir(path)) if info.isdir() else ()
    except OSError as err:
        raise open_error(path, err) from err
    for each in names:
        inner = each if name == "." else f"{name}/{each}"
        yield from _entries(os.path.join(path, each), inner, linked)


def _header(
    path: str, name: str, status: os.stat_result, linked: dict[tuple[int, int], str]
) -> tarfile.TarInfo | None:
    kind = _TYPES.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return None
    info = tarfile.TarInfo(name + "/" * (kind == tarfile.DIRTYPE))
    info.type = kind
    info.mode = stat.S_IMODE(status.st_mode)
    info.uid, info.gid, info.mtime = status.st_uid, status.st_gid, int(status.st_mtime)
    if kind == tarfile.SYMTYPE:
        info.linkname = os.readlink(path)
    elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    elif kind == tarfile.REGTYPE:
        info.size = status.st_size
        if status.st_nlink > 1:
            first = linked.setdefault((status.st_dev, status.st_ino), name)
            if first != name:
                info.type, info.linkname, info.size = tarfile.LNKTYPE, first, 0
    return info


def _content(path: str, size: int) -> Iterator[bytes]:
    """Yield `size` bytes, filled up to whole blocks. Raises InvalidArgument if there are fewer."""
    left = size
    with open(path, "rb", buffering=0) as file:
        while left:
            piece = file.read(min(left, PIECE_BYTES))
            if not piece:
                raise InvalidArgument(f"{path} became shorter while it was read")
            left -= len(piece)
            yield piece
    if rest := size % tarfile.BLOCKSIZE:
        yield bytes(tarfile.BLOCKSIZE - rest)
