"""Reading a container's log, written by its shim as json-file, while it may still grow."""

import json
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from seacan.errors import InvalidArgument
from seacan.kernel import syscalls
from seacan.spec.stdcopy import frame

_BLOCK: Final = 256 * 1024

_IN_MODIFY: Final = 0x2  # linux/inotify.h
_IN_MOVE_SELF: Final = 0x800
_IN_NONBLOCK: Final = os.O_NONBLOCK
_IN_CLOEXEC: Final = os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a log is wanted. Times are RFC 3339 with nine digits, which sort as text."""

    stdout: bool = True
    stderr: bool = True
    timestamps: bool = False
    since: str = ""
    until: str = "~"  # later than any time
    tail: int | None = None  # entries from the end; None: all
    follow: bool = False
    framed: bool = True  # with a header for each entry; a terminal's log has none


class Log:
    """The files of one log: PATH, and what was rotated away as PATH.1 and so on."""

    def __init__(self, path: str, selection: Selection, is_live: Callable[[], bool]) -> None:
        self.tty = not selection.framed
        self._path = Path(path)
        self._selection = selection
        self._is_live = is_live

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Yield the entries wanted, many in one piece."""
        with _Watch(self._path) if self._selection.follow else _NoWatch() as watch:
            reader = _Reader(self._path, self._selection)
            try:
                while True:
                    was_live = self._selection.follow and self._is_live()
                    async for piece in self._pieces(reader):
                        yield piece
                    if not was_live or reader.is_past_end:
                        return
                    await watch.wait()
            finally:
                reader.close()

    async def _pieces(self, reader: "_Reader") -> AsyncGenerator[bytes, None]:
        while (piece := await anyio.to_thread.run_sync(reader.read)) is not None:
            if piece:
                yield piece


class _Reader:
    """Reads the files from the oldest entry wanted; goes on where it stopped."""

    def __init__(self, path: Path, selection: Selection) -> None:
        self._path = path
        self._selection = selection
        self._rest = b""
        self.is_past_end = False
        self._file = -1
        self._older = _rotated(path)
        if selection.tail is not None:
            self._older, offset = _find_tail(path, self._older, selection.tail)
            self._open_next()
            os.lseek(self._file, offset, os.SEEK_SET)
        else:
            self._open_next()

    def _open_next(self) -> None:
        self.close()
        path = self._older.pop(0) if self._older else self._path
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_CREAT, 0o640)
        self._is_newest = path == self._path

    def read(self) -> bytes | None:
        """Return the next piece, empty if nothing in it is wanted; None at the end for now."""
        data = os.read(self._file, _BLOCK)
        if not data:
            if not self._is_newest:
                self._open_next()
                return b""
            if self._was_rotated():
                self._open_next()
                return b""
            return None
        whole, _, self._rest = (self._rest + data).rpartition(b"\n")
        return b"".join(self._wanted(whole)) if whole else b""

    def _was_rotated(self) -> bool:
        """Tell whether the file read is no more the newest; it is read to its end first."""
        try:
            return os.stat(self._path).st_ino != os.fstat(self._file).st_ino
        except FileNotFoundError:
            return False

    def _wanted(self, lines: bytes) -> Iterator[bytes]:
        s = self._selection
        for line in lines.split(b"\n"):
            entry = json.loads(line)
            stream, stamp = entry["stream"], entry["time"]
            if stamp > s.until:
                self.is_past_end = True
                return
            if stamp < s.since or not (s.stdout if stream == "stdout" else s.stderr):
                continue
            text = entry["log"].encode(errors="replace")
            if s.timestamps:
                text = stamp.encode() + b" " + text
            yield frame(stream, text) if s.framed else text

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _rotated(path: Path) -> list[Path]:
    """Return the rotated files, the oldest first."""
    found = [f for f in path.parent.glob(f"{path.name}.*") if f.suffix[1:].isdecimal()]
    return sorted(found, key=lambda f: int(f.suffix[1:]), reverse=True)


def _find_tail(path: Path, older: list[Path], count: int) -> tuple[list[Path], int]:
    """Return the files to read before the newest, and where to begin in the first one read."""
    files = [*older, path]
    for index in range(len(files) - 1, -1, -1):
        try:
            offset, found = _last_lines(files[index], count)
        except FileNotFoundError:
            return [], 0
        count -= found
        if count <= 0 or index == 0:
            return files[index:-1], offset
    return [], 0


def _last_lines(path: Path, count: int) -> tuple[int, int]:
    """Return the offset of the last `count` lines of a file, and how many there are."""
    with open(path, "rb") as file:
        position = size = os.fstat(file.fileno()).st_size
        if count == 0:
            return size, 0
        found = 0
        while position > 0:
            length = min(_BLOCK, position)
            position -= length
            file.seek(position)
            block = file.read(length)
            newlines = block.count(b"\n")
            # The newline that ends the last line wanted is one more than there are lines.
            if found + newlines > count:
                cut = len(block)
                for _ in range(count - found + 1):
                    cut = block.rindex(b"\n", 0, cut)
                return position + cut + 1, count
            found += newlines
    return 0, found


class _NoWatch:
    def __enter__(self) -> "_NoWatch":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    async def wait(self) -> None:
        raise AssertionError("nobody follows")


class _Watch:
    """Wakes when the log grows or is rotated. Source: inotify(7)."""

    # An end of the container writes nothing: it is looked for this often.
    _PERIOD_S: Final = 0.25

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = syscalls.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
        # The directory, since a rotation puts another file in the place of this one.
        syscalls.inotify_add_watch(self._fd, str(path.parent), _IN_MODIFY | _IN_MOVE_SELF)

    def __enter__(self) -> "_Watch":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    async def wait(self) -> None:
        with anyio.move_on_after(self._PERIOD_S):
            await anyio.wait_readable(self._fd)
            os.read(self._fd, 64 * 1024)


def parse_time(text: str | None, default: str) -> str:
    """Return a time as an entry has it, from seconds since 1970 with up to nine decimals.

    Source: Engine API, `since` and `until` of GET /containers/{id}/logs. Raises InvalidArgument.
    """
    if not text or text == "0":
        return default
    seconds, _, fraction = text.partition(".")
    if not (seconds.isascii() and seconds.isdecimal()) or len(seconds) > 11:
        raise InvalidArgument(f"invalid time: {text!r}")
    if fraction and not (fraction.isascii() and fraction.isdecimal()):
        raise InvalidArgument(f"invalid time: {text!r}")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(seconds)))
    return f"{stamp}.{fraction[:9]:0<9}Z"
