"""Files as BuildKit's protocol tells of them, with the mode bits of Go's fs.FileMode.

Source: go.dev, io/fs, FileMode; tonistiigi/fsutil, types/stat.proto.
"""

from typing import Final

from seacan.api.buildkit.messages import Stat
from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member

SOCKET: Final = 1 << 24
IRREGULAR: Final = 1 << 19
_DIRECTORY, _LINK, _DEVICE = 1 << 31, 1 << 27, 1 << 26
_PIPE, _CHARACTER = 1 << 25, 1 << 21
_KINDS: Final = {
    Kind.FILE: 0,
    Kind.DIRECTORY: _DIRECTORY,
    Kind.SYMBOLIC_LINK: _LINK,
    Kind.FIFO: _PIPE,
    Kind.BLOCK_DEVICE: _DEVICE,
    Kind.CHARACTER_DEVICE: _DEVICE | _CHARACTER,
}
_TYPES: Final = _DIRECTORY | _LINK | _DEVICE | _PIPE | _CHARACTER | SOCKET | IRREGULAR
_SPECIAL: Final = ((1 << 23, 0o4000), (1 << 22, 0o2000), (1 << 20, 0o1000))
_CAPABILITY: Final = "security.capability"
_LATEST_NS: Final = (1 << 33) * 10**9  # as in an archive


def is_file(stat: Stat) -> bool:
    return not stat.mode & _TYPES


def member(stat: Stat, size_bytes: int) -> Member:
    """Return a file as an archive would have it, as root's; of a file, `size_bytes` of it came."""
    mode = stat.mode & 0o777
    for bit, special in _SPECIAL:
        mode |= special if stat.mode & bit else 0
    mtime_ns = max(-_LATEST_NS, min(stat.mtime_ns, _LATEST_NS))
    kind = _kind(stat)
    found = Member(stat.path, kind, mode, 0, 0, mtime_ns)
    if kind is Kind.SYMBOLIC_LINK:
        return found._replace(link=stat.link)
    if kind is Kind.FILE:
        segments = (Segment(0, size_bytes),) if size_bytes else ()
        found = found._replace(size_bytes=size_bytes, segments=segments)
        if capability := stat.xattrs.get(_CAPABILITY):
            found = found._replace(xattrs={_CAPABILITY: capability})
    return found


def _kind(stat: Stat) -> Kind:
    for kind in (Kind.DIRECTORY, Kind.SYMBOLIC_LINK, Kind.FIFO, Kind.CHARACTER_DEVICE):
        if stat.mode & _KINDS[kind] == _KINDS[kind]:
            return kind
    return Kind.BLOCK_DEVICE if stat.mode & _DEVICE else Kind.FILE


def stat(path: str, found: Member) -> Stat:
    """Return what a client is told of a file."""
    mode = _KINDS[found.kind] | found.mode & 0o777
    for bit, special in _SPECIAL:
        mode |= bit if found.mode & special else 0
    return Stat(
        path,
        mode,
        found.uid,
        found.gid,
        found.size_bytes,
        found.mtime_ns,
        found.link,
        found.device[0],
        found.device[1],
    )
