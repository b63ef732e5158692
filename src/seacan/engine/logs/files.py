"""The files of a log, of which its shim goes on writing and renaming the newest.

PATH is the newest, PATH.1 the one before; a number has PATH.N, PATH.N.gz, or for a moment both.
"""

import contextlib
import functools
import os
import struct
import tempfile
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec

_BLOCK: Final = 256 * 1024
_GZIP_WINDOW: Final = 31
_SNAPSHOT_TRIES: Final = 100


class Item(NamedTuple):
    """One entry."""

    stream: str
    stamp: str  # RFC 3339 with nine digits, which sorts as text
    text: bytes
    attributes: dict[str, str]


class Decoder(Protocol):
    """Takes a file in pieces."""

    def decode(self, data: bytes) -> Iterable[Item]:
        """Return the entries that are complete with `data`."""

    def find_last(self, file: "OpenFile", count: int) -> tuple[int, int]:
        """Return the offset of the last `count` entries, and how many of them there are."""


class OpenFile:
    """One file of a log, opened; a compressed one is unpacked when it is first read."""

    def __init__(self, path: Path) -> None:
        self._directory = path.parent
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._is_compressed = path.suffix == ".gz"
        self.inode = os.fstat(self._fd).st_ino

    def read(self) -> bytes:
        self._unpack()
        return os.read(self._fd, _BLOCK)

    def seek(self, offset: int) -> None:
        self._unpack()
        os.lseek(self._fd, offset, os.SEEK_SET)

    def size(self) -> int:
        self._unpack()
        return os.fstat(self._fd).st_size

    def pread(self, size: int, offset: int) -> bytes:
        self._unpack()
        return os.pread(self._fd, size, offset)

    def first_block(self) -> bytes:
        """Return what the file begins with, without unpacking all of it."""
        data = os.pread(self._fd, _BLOCK, 0)
        if not self._is_compressed:
            return data
        return zlib.decompressobj(_GZIP_WINDOW).decompress(data, _BLOCK)

    def _unpack(self) -> None:
        if not self._is_compressed:
            return
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        with tempfile.TemporaryFile(dir=self._directory) as file:
            while data := os.read(self._fd, _BLOCK):
                while data:
                    file.write(unpacker.decompress(data, 4 * _BLOCK))
                    data = unpacker.unconsumed_tail
            file.write(unpacker.flush())
            file.seek(0)
            os.dup2(file.fileno(), self._fd, inheritable=False)
        self._is_compressed = False

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def snapshot(path: Path) -> list[OpenFile]:
    """Open all files of a log as they are at one moment, the oldest first; none is fine."""
    for _ in range(_SNAPSHOT_TRIES):
        with contextlib.ExitStack() as undo, contextlib.suppress(FileNotFoundError):
            files = []
            for name in (path, *_rotated(path)):
                files.append(OpenFile(name))
                undo.callback(files[-1].close)
            # Had it been rotated meanwhile, a file could be missing, or be there twice.
            if os.stat(path).st_ino == files[0].inode:
                undo.pop_all()
                return files[::-1]
        if not path.exists():
            return []
    raise OSError(f"open log {path}: it is rotated faster than it can be opened")


def _rotated(path: Path) -> list[Path]:
    """Return the rotated files, the newest first; of a number that has two, the plain one."""
    found: dict[int, Path] = {}
    for name in sorted(os.listdir(path.parent), reverse=True):  # the plain one comes last
        number = name.removeprefix(f"{path.name}.").removesuffix(".gz")
        if name.startswith(f"{path.name}.") and number.isascii() and number.isdecimal():
            found[int(number)] = path.parent / name
    return [found[number] for number in sorted(found)]


class _JsonEntry(msgspec.Struct):
    stream: str
    time: str
    log: str = ""
    attrs: dict[str, str] = {}


class JsonDecoder:
    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_JsonEntry)
        self._rest = b""

    def decode(self, data: bytes) -> list[Item]:
        whole, newline, self._rest = (self._rest + data).rpartition(b"\n")
        if not newline:
            return []
        try:
            entries = self._decoder.decode_lines(whole)
        except (msgspec.DecodeError, UnicodeError):
            entries = [entry for line in whole.split(b"\n") for entry in self._intact(line)]
        return [Item(e.stream, e.time, e.log.encode(errors="replace"), e.attrs) for e in entries]

    def _intact(self, line: bytes) -> list[Any]:
        # What a full disk or a power cut left of a line costs that line alone.
        try:
            return [self._decoder.decode(line)]
        except (msgspec.DecodeError, UnicodeError):
            return []

    def find_last(self, file: OpenFile, count: int) -> tuple[int, int]:
        position = size = file.size()
        if count == 0:
            return size, 0
        found = 0
        while position > 0:
            length = min(_BLOCK, position)
            position -= length
            block = file.pread(length, position)
            newlines = block.count(b"\n")
            # The newline that ends the last line wanted is one more than there are lines.
            if found + newlines > count:
                cut = len(block)
                for _ in range(count - found + 1):
                    cut = block.rindex(b"\n", 0, cut)
                return position + cut + 1, count
            found += newlines
        return 0, found


_LENGTH: Final = struct.Struct(">I")


class LocalDecoder:
    """Source: supervisor/logs/local.py, which draws the format."""

    def __init__(self) -> None:
        self._rest = b""

    def decode(self, data: bytes) -> list[Item]:
        data = self._rest + data
        items, position = [], 0
        while (end := _end_of_record(data, position)) is not None:
            items.append(_local_item(data[position + 4 : end - 4]))
            position = end
        self._rest = data[position:]
        return items

    def find_last(self, file: OpenFile, count: int) -> tuple[int, int]:
        # Forwards: what is just being written may not be all there at the end.
        offsets, base, rest = [], 0, b""
        while block := file.pread(_BLOCK, base + len(rest)):
            rest += block
            position = 0
            while (end := _end_of_record(rest, position)) is not None:
                offsets.append(base + position)
                position = end
            base, rest = base + position, rest[position:]
        if count == 0:
            return base, 0
        return (offsets[-count] if count <= len(offsets) else 0), min(count, len(offsets))


def _end_of_record(data: bytes, position: int) -> int | None:
    if len(data) < position + 4:
        return None
    end = position + int(_LENGTH.unpack_from(data, position)[0]) + 8
    return end if end <= len(data) else None


def _local_item(message: bytes) -> Item:
    fields = _fields(message)
    partial = fields.get(4) and _fields(fields.get(5, b""))
    is_ended = not partial or bool(partial.get(1))
    line = fields.get(3, b"")
    text = line + b"\n" if is_ended else line
    return Item(fields.get(1, b"").decode(), stamp(fields.get(2, 0)), text, {})


def _fields(message: bytes) -> dict[int, Any]:
    """Return the fields of a protobuf message of numbers and bytes."""
    fields: dict[int, Any] = {}
    position, size = 0, len(message)
    while position < size:
        key, position = _varint(message, position)
        value, position = _varint(message, position)
        if key & 7 == 2:
            fields[key >> 3] = message[position : position + value]
            position += value
        else:
            fields[key >> 3] = value
    return fields


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, position


def stamp(time_ns: int) -> str:
    """Return a time as entries have it."""
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    return f"{_second(seconds)}.{fraction:09}Z"


@functools.lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
