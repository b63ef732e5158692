r"""What a container prints, as Docker's json-file: a JSON object a line, rotated by size.

    {"log":"hello\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}

Lines are encoded by the chunk: where nothing needs escaping, one `bytes.replace` does it all.
"""

import json
import os
import time
from typing import Final

# A longer line is cut into entries of this size, of which only the last ends in a newline.
ENTRY_LIMIT: Final = 16 * 1024

# Bytes that stand for themselves in a JSON string; the newline is dealt with by replacement.
_PLAIN: Final = bytes(b for b in range(0x20, 0x7F) if b not in b'"\\') + b"\n"


class LogFile:
    """The log of one container; only its shim writes it."""

    def __init__(self, path: str, max_size_bytes: int, max_files: int) -> None:
        self._path = path
        self._max_size_bytes = max_size_bytes
        self._max_files = max_files
        self._unfinished: dict[str, bytes] = {}
        self._open()

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self._path, flags, 0o640)
        self._size = os.fstat(self._fd).st_size

    def write(self, stream: str, data: bytes) -> None:
        """Append what arrived on `stream`; a line that is not ended yet waits for its end."""
        data = self._unfinished.pop(stream, b"") + data
        whole, rest = _split(data)
        if rest:
            self._unfinished[stream] = rest
        if whole:
            self._append(encode(whole, stream, time.time_ns()))

    def close(self) -> None:
        """Write the lines that were never ended, and close."""
        for stream, data in self._unfinished.items():
            self._append(encode(data, stream, time.time_ns()))
        self._unfinished.clear()
        os.close(self._fd)

    def _append(self, entries: bytes) -> None:
        if 0 <= self._max_size_bytes <= self._size:
            self._rotate()
        # A full disk costs log lines, not the container: what cannot be written is dropped, in
        # whole entries where the kernel lets us.
        try:
            self._size += os.write(self._fd, entries)
        except OSError:
            return

    def _rotate(self) -> None:
        os.close(self._fd)
        for n in range(self._max_files - 1, 0, -1):
            older = self._path if n == 1 else f"{self._path}.{n - 1}"
            if os.path.exists(older):
                os.rename(older, f"{self._path}.{n}")
        if self._max_files <= 1:
            os.unlink(self._path)
        self._open()


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Return what can be written now and what waits: the line that is not ended, if it is short."""
    end = data.rfind(b"\n") + 1
    full = (len(data) - end) // ENTRY_LIMIT * ENTRY_LIMIT
    return data[: end + full], data[end + full :]


def encode(data: bytes, stream: str, time_ns: int) -> bytes:
    """Return the entries of `data`: whole lines, or pieces of a line of ENTRY_LIMIT bytes."""
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:09d}Z"
    close = f'","stream":"{stream}","time":"{stamp}"}}\n'.encode()
    has_long_line = len(data) > ENTRY_LIMIT and _has_long_line(data)
    if not has_long_line and data.endswith(b"\n") and not data.translate(None, _PLAIN):
        end_of_entry = b"\\n" + close
        return b'{"log":"' + data[:-1].replace(b"\n", end_of_entry + b'{"log":"') + end_of_entry
    return b"".join(b'{"log":"' + _escape(piece) + close for piece in _pieces(data))


def _has_long_line(data: bytes) -> bool:
    return any(len(line) >= ENTRY_LIMIT for line in data.split(b"\n"))


def _pieces(data: bytes) -> list[bytes]:
    return [
        line[start : start + ENTRY_LIMIT]
        for line in _lines(data)
        for start in range(0, len(line), ENTRY_LIMIT)
    ]


def _lines(data: bytes) -> list[bytes]:
    # bytes.splitlines would split at a carriage return, too.
    *ended, rest = data.split(b"\n")
    return [line + b"\n" for line in ended] + ([rest] if rest else [])


def _escape(piece: bytes) -> bytes:
    return json.dumps(piece.decode(errors="replace"), ensure_ascii=False)[1:-1].encode()
