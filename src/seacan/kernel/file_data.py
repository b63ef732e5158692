"""What is in a file, copied to another: holes stay holes, and blocks are shared where they can be.

Source: lseek(2), copy_file_range(2), sendfile(2).
"""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_CHUNK_BYTES: Final = 1 << 30
# Other file systems, or one that cannot: the bytes are copied in another way.
_CANNOT_SHARE: Final = (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)


def copy(source: int, target: int, size: int) -> None:
    """Copy `size` bytes of the file `source` into the empty file `target`.

    A source that is cut meanwhile leaves a hole at the end. Raises OSError.
    """
    os.truncate(target, size)
    position = 0
    while position < size:
        try:
            position = os.lseek(source, position, os.SEEK_DATA)
        except OSError as err:
            if err.errno != errno.ENXIO:
                raise
            return  # a hole up to the end
        end = min(os.lseek(source, position, os.SEEK_HOLE), size)
        while position < end:
            count = _copy_some(source, target, position, min(end - position, _CHUNK_BYTES))
            if not count:
                return  # it was cut meanwhile
            position += count


def _copy_some(source: int, target: int, position: int, limit: int) -> int:
    try:
        return os.copy_file_range(source, target, limit, position, position)
    except OSError as err:
        if err.errno not in _CANNOT_SHARE:
            raise
    os.lseek(target, position, os.SEEK_SET)
    return os.sendfile(target, source, position, limit)
