"""A file that is moved aside when it is full: PATH, PATH.1 and so on, or PATH.1.gz.

    rotate:    PATH.2.gz ▸ PATH.3.gz, PATH.1.gz ▸ PATH.2.gz, PATH ▸ PATH.1, a new PATH
    compress:  PATH.1 ▸ PATH.1.gz.new ▸ PATH.1.gz, then PATH.1 is removed
    clear:     the numbers are removed, the highest first; then PATH.new ▸ PATH

Compressing is done by a child, while the shim goes on. Wherever that is cut short, each number has
one whole file: who finds both PATH.1 and PATH.1.gz takes the first. What a clearing that is cut
short leaves is the newest files, whole.
"""

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from typing import Final

from seacan.kernel import processes

_SUFFIXES: Final = ("", ".gz")
_COPY_BYTES: Final = 256 * 1024
_APPEND: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_MODE: Final = 0o640


class RotatedFile:
    def __init__(
        self, path: str, *, max_size_bytes: int, max_files: int, compress: bool = False
    ) -> None:
        """`max_size_bytes` of -1 is no limit; `max_files` counts PATH itself."""
        self._path = path
        self._max_size_bytes = max_size_bytes
        self._max_files = max_files
        self._compress = compress
        self._compressor = -1  # a pidfd
        self._fd = self._open()
        self._size = os.fstat(self._fd).st_size

    def _open(self) -> int:
        return os.open(self._path, _APPEND, _MODE)

    def append(self, entries: bytes) -> None:
        if 0 <= self._max_size_bytes <= self._size and self._may_rotate():
            self._rotate()
        # A full disk costs log lines, not the container: what cannot be written is dropped, in
        # whole entries where the kernel lets us.
        try:
            written = os.write(self._fd, entries)
        except OSError:
            return
        if written < len(entries):
            # Half an entry would spoil what is read behind it.
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            return
        self._size += written

    def clear(self) -> None:
        """Go on in an empty file, the only one. Raises OSError; what was not removed is whole."""
        if self._compressor >= 0:
            # What it made would come after the rest was removed.
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._compressor, signal.SIGKILL)
            self._wait_compressor(None)
        fd = replace_all(self._path)
        os.close(self._fd)
        self._fd, self._size = fd, 0

    def close(self) -> None:
        """Close; a file that is being compressed is so before this returns."""
        os.close(self._fd)
        self._wait_compressor(None)

    def _may_rotate(self) -> bool:
        """Tell whether the last file is compressed; at twice the size that is waited for."""
        is_late = self._size >= 2 * self._max_size_bytes
        return self._wait_compressor(None if is_late else 0)

    def _rotate(self) -> None:
        try:
            self._make_room()
            fd = self._open()
        except OSError:
            return  # the file open goes on; the next entries try again
        os.close(self._fd)
        self._fd, self._size = fd, os.fstat(fd).st_size
        if self._compress and self._max_files > 1:
            with contextlib.suppress(OSError):  # no process to be had: it stays as it is
                self._compressor = _compress_in_child(f"{self._path}.1")

    def _make_room(self) -> None:
        if self._max_files <= 1:
            os.unlink(self._path)
            return
        for n in range(self._max_files - 1, 1, -1):
            for suffix in _SUFFIXES:
                self._move(f"{self._path}.{n - 1}{suffix}", f"{self._path}.{n}{suffix}")
        os.rename(self._path, f"{self._path}.1")

    def _move(self, source: str, target: str) -> None:
        try:
            os.rename(source, target)
        except FileNotFoundError:
            # What the number before last had is not to stay beside what comes in its place.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(target)

    def _wait_compressor(self, timeout_ms: int | None) -> bool:
        """Wait for the child, None: to its end; False if it goes on. The shim reaps it."""
        if self._compressor < 0:
            return True
        poll = select.poll()
        poll.register(self._compressor, select.POLLIN)
        if not poll.poll(timeout_ms):
            return False
        os.close(self._compressor)
        self._compressor = -1
        return True


def replace_all(path: str) -> int:
    """Put an empty file in the place of all of a log's; return a descriptor of it, to append.

    Another file, not the same one made shorter: who reads the old one goes on in whole entries.
    Raises OSError.
    """
    for _, name in sorted(_numbered(path), reverse=True):
        with contextlib.suppress(FileNotFoundError):  # a child of a shim that is gone compresses
            os.unlink(name)
    new = f"{path}.new"
    fd = os.open(new, _APPEND | os.O_TRUNC, _MODE)
    try:
        os.rename(new, path)
    except OSError:
        os.close(fd)
        raise
    return fd


def _numbered(path: str) -> Iterator[tuple[int, str]]:
    """Yield number and path of what was rotated away, also of what was not compressed to the end.

    Raises FileNotFoundError if there is not even a directory.
    """
    directory, name = os.path.split(path)
    for found in os.listdir(directory):
        number = found.removeprefix(f"{name}.").removesuffix(".new").removesuffix(".gz")
        if found.startswith(f"{name}.") and number.isascii() and number.isdecimal():
            yield int(number), os.path.join(directory, found)


def _compress_in_child(path: str) -> int:
    """Return a pidfd of the child."""
    pid = os.fork()
    if pid:
        return os.pidfd_open(pid)
    status = 1
    try:
        # A client's connection is to end when the shim closes it.
        processes.close_all_but([])
        os.nice(10)
        compress(path)
        status = 0
    finally:
        os._exit(status)


def compress(path: str) -> None:
    """Put PATH.gz in the place of `path`."""
    import gzip  # by the child that needs it alone

    new = f"{path}.gz.new"
    with open(path, "rb") as source, open(new, "wb") as file:
        os.fchmod(file.fileno(), 0o640)
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6) as target:
            while data := source.read(_COPY_BYTES):
                target.write(data)
    os.rename(new, f"{path}.gz")
    os.unlink(path)
