"""Reading a container's log, written by its shim, while it may still grow."""

import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from typing import Final
from urllib.parse import quote_plus

import anyio
import msgspec

from seacan.engine.logs.files import (
    Decoder,
    Item,
    JsonDecoder,
    LocalDecoder,
    OpenFile,
    snapshot,
    stamp,
)
from seacan.engine.logs.plan import Readable
from seacan.errors import InvalidArgument
from seacan.kernel import syscalls
from seacan.spec.stdcopy import frame

_IN_MODIFY: Final = 0x2  # linux/inotify.h
_IN_MOVE_SELF: Final = 0x800
_IN_NONBLOCK: Final = os.O_NONBLOCK
_IN_CLOEXEC: Final = os.O_CLOEXEC

ALWAYS: Final = "~"  # later than any time


class Selection(msgspec.Struct, frozen=True):
    """What of a log is wanted. Times are RFC 3339 with nine digits, which sort as text."""

    stdout: bool = True
    stderr: bool = True
    timestamps: bool = False
    details: bool = False  # the attributes before each line
    since: str = ""
    until: str = ALWAYS
    tail: int | None = None  # entries from the end; None: all
    follow: bool = False
    framed: bool = True  # with a header for each entry; a terminal's log has none


class Log:
    """The files of one log: PATH, and what was rotated away as PATH.1 and so on."""

    def __init__(
        self, readable: Readable, selection: Selection, is_live: Callable[[], bool]
    ) -> None:
        self.tty = not selection.framed
        self._readable = readable
        self._selection = selection
        self._is_live = is_live

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Yield the entries wanted, many in one piece."""
        follow = self._selection.follow and self._is_live()
        with _Watch(self._readable) if follow else _NoWatch() as watch:
            reader = await anyio.to_thread.run_sync(_Reader, self._readable, self._selection)
            try:
                while True:
                    was_live = follow and self._is_live()
                    async for piece in self._pieces(reader):
                        yield piece
                    if not was_live or reader.is_past_end or self._is_past_until():
                        return
                    await watch.wait()
            finally:
                reader.close()

    def _is_past_until(self) -> bool:
        until = self._selection.until
        return until != ALWAYS and stamp(time.time_ns()) > until

    async def _pieces(self, reader: "_Reader") -> AsyncGenerator[bytes, None]:
        while (piece := await anyio.to_thread.run_sync(reader.read)) is not None:
            if piece:
                yield piece


class _Reader:
    """Reads the files from the oldest entry wanted; goes on where it stopped."""

    def __init__(self, readable: Readable, selection: Selection) -> None:
        self._path = readable.path
        self._selection = selection
        self._new_decoder: Callable[[], Decoder] = (
            JsonDecoder if readable.format == "json-file" else LocalDecoder
        )
        self._decoder: Decoder = self._new_decoder()
        self._read_up_to = ""  # the time of the last entry that was read, wanted or not
        self._skip_up_to = ""
        self.is_past_end = False
        self._files = snapshot(self._path)
        if selection.tail is not None:
            self._seek_tail(selection.tail)

    def _seek_tail(self, count: int) -> None:
        for index in range(len(self._files) - 1, -1, -1):
            offset, found = self._decoder.find_last(self._files[index], count)
            count -= found
            if count <= 0 or index == 0:
                self._files[index].seek(offset)
                self._drop(index)
                return

    def _drop(self, count: int) -> None:
        """Close the oldest `count` files; they are not to be read, or have been."""
        for file in self._files[:count]:
            file.close()
        del self._files[:count]

    def read(self) -> bytes | None:
        """Return the next piece, empty if nothing in it is wanted; None at the end for now."""
        if self.is_past_end:
            return None
        if not self._files:
            self._files = snapshot(self._path)
            if not self._files:
                return None
        data = self._files[0].read()
        if data:
            return b"".join(self._wanted(self._decoder.decode(data)))
        if len(self._files) == 1:
            if not self._was_rotated():
                return None
            # What was written between the read above and the rotation comes first.
            if data := self._files[0].read():
                return b"".join(self._wanted(self._decoder.decode(data)))
            self._find_later()
            if len(self._files) == 1:
                return None
        self._drop(1)
        self._decoder = self._new_decoder()
        return b""

    def _was_rotated(self) -> bool:
        """Tell whether the file read is no more the newest."""
        try:
            return os.stat(self._path).st_ino != self._files[0].inode
        except FileNotFoundError:
            return False

    def _find_later(self) -> None:
        """Open the files behind the one that was read."""
        later = snapshot(self._path)
        start = self._start_in(later, self._files[0])
        for file in later[:start]:
            file.close()
        self._files += later[start:]

    def _start_in(self, files: list[OpenFile], current: OpenFile) -> int:
        """Return which of `files` is the first that was not read."""
        for index, file in enumerate(files):
            if file.inode == current.inode:
                return index + 1
        # It was compressed, or removed: the time tells, no two files have entries of the same.
        self._skip_up_to = self._read_up_to
        for index in range(len(files) - 1, -1, -1):
            first = next(iter(self._new_decoder().decode(files[index].first_block())), None)
            if first is not None and first.stamp <= self._skip_up_to:
                return index
        return 0

    def _wanted(self, items: Iterable[Item]) -> Iterator[bytes]:
        s = self._selection
        for item in items:
            if item.stamp > s.until:
                self.is_past_end = True
                return
            self._read_up_to = item.stamp
            if item.stamp <= self._skip_up_to or item.stamp < s.since:
                continue
            if not (s.stdout if item.stream == "stdout" else s.stderr):
                continue
            text = item.text
            if s.details:
                text = _details(item.attributes) + text
            if s.timestamps:
                text = item.stamp.encode() + b" " + text
            yield frame(item.stream, text) if s.framed else text

    def close(self) -> None:
        self._drop(len(self._files))


def _details(attributes: dict[str, str]) -> bytes:
    """Return what Docker puts before a line: `name=value,name=value `, percent-encoded."""
    pairs = (f"{quote_plus(k)}={quote_plus(v)}" for k, v in sorted(attributes.items()))
    return f"{','.join(pairs)} ".encode()


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

    def __init__(self, readable: Readable) -> None:
        self._fd = syscalls.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
        # The directory, since a rotation puts another file in the place of this one.
        directory = str(readable.path.parent)
        syscalls.inotify_add_watch(self._fd, directory, _IN_MODIFY | _IN_MOVE_SELF)

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
    seconds, _, fraction = text.removeprefix("-").partition(".")
    for part in (seconds, fraction or "0"):
        if not (part.isascii() and part.isdecimal()):
            raise InvalidArgument(f'strconv.ParseInt: parsing "{part}": invalid syntax')
    if len(seconds) > 11:
        raise InvalidArgument(f'strconv.ParseInt: parsing "{seconds}": value out of range')
    if text.startswith("-"):
        return ""  # before all entries
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(seconds)))
    return f"{stamp}.{fraction[:9]:0<9}Z"
