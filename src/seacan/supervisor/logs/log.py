"""The log of one container: what is kept in a file, and what goes to a receiver.

Stdio ─▸ Log ┬▸ format ─▸ RotatedFile    what `logs` reads
             └▸ encode ─▸ Receiver       entry by entry
"""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from seacan.supervisor.logs.json_file import JsonFormat
from seacan.supervisor.logs.lines import Cutter, Entry, has_long_line, split
from seacan.supervisor.logs.rotation import RotatedFile
from seacan.supervisor.loop import Loop
from seacan.supervisor.protocol import LogFileRequest, LogRequest, ReceiverRequest

Encode = Callable[[Entry], Iterable[bytes]]


class Format(Protocol):
    def encode_lines(self, data: bytes, stream: str, time_ns: int) -> bytes:
        """Return the entries of `data`, which is whole lines none of which is long."""

    def encode_entry(self, entry: Entry) -> bytes: ...


class Receiver(Protocol):
    @property
    def is_behind(self) -> bool: ...

    @property
    def is_flushed(self) -> bool: ...

    def send(self, packets: list[bytes]) -> None: ...

    def close(self) -> None: ...


class LogFile:
    """A file of one of the formats."""

    def __init__(self, file: RotatedFile, format_: Format) -> None:
        self._file = file
        self._format = format_

    def write_lines(self, data: bytes, stream: str, time_ns: int) -> None:
        self._file.append(self._format.encode_lines(data, stream, time_ns))

    def write_entries(self, entries: Iterable[Entry]) -> None:
        self._file.append(b"".join(map(self._format.encode_entry, entries)))

    def clear(self) -> None:
        self._file.clear()

    def close(self) -> None:
        self._file.close()


class Log:
    def __init__(
        self,
        file: LogFile | None,
        receiver: Receiver | None = None,
        encode: Encode | None = None,
    ) -> None:
        self._file = file
        self._receiver = receiver
        self._encode = encode
        self._unfinished: dict[str, bytes] = {}
        self._cutters: dict[str, Cutter] = {}
        # What an earlier start of the container has logged is earlier than this.
        self._last_ns = time.time_ns()

    @property
    def is_behind(self) -> bool:
        """True when the receiver is to be waited for."""
        return self._receiver is not None and self._receiver.is_behind

    @property
    def is_flushed(self) -> bool:
        """True when nothing is owed to the receiver any more."""
        return self._receiver is None or self._receiver.is_flushed

    @property
    def position_ns(self) -> int:
        """A time that no entry is later than, and all that are written from now on are."""
        return self._last_ns

    @property
    def unfinished(self) -> dict[str, bytes]:
        """What has come and is not logged: by stream, a line without its end."""
        return self._unfinished

    def write(self, stream: str, data: bytes) -> None:
        """Log what arrived on `stream`; a line that is not ended yet waits for its end."""
        data = self._unfinished.pop(stream, b"") + data
        whole, rest = split(data)
        if rest:
            self._unfinished[stream] = rest
        if whole:
            self._log(stream, whole)

    def clear(self) -> None:
        """Forget what is kept in the file; the receiver is not concerned. Raises OSError."""
        if self._file is not None:
            self._file.clear()

    def close(self) -> None:
        """Log the lines that were never ended, and close; the receiver is sent to for a while."""
        for stream, data in self._unfinished.items():
            self._log(stream, data)
        self._unfinished.clear()
        if self._file is not None:
            self._file.close()
        if self._receiver is not None:
            self._receiver.close()

    def _log(self, stream: str, data: bytes) -> None:
        # Strictly later, also when the clock is set back: readers go by it (see position_ns).
        self._last_ns = now_ns = max(time.time_ns(), self._last_ns + 1)
        cutter = self._cutters.setdefault(stream, Cutter(stream))
        is_plain = data.endswith(b"\n") and not cutter.is_within_line and not has_long_line(data)
        if self._receiver is None and self._file is not None and is_plain:
            self._file.write_lines(data, stream, now_ns)
            return
        entries = list(cutter.entries(data, now_ns))
        if self._file is not None:
            self._file.write_entries(entries)
        if self._receiver is not None and self._encode is not None:
            self._receiver.send([p for entry in entries for p in self._encode(entry)])


def open_log(loop: Loop, request: LogRequest | None, on_room: Callable[[], None]) -> Log | None:
    """Return the log of `request`. Raises OSError, Internal if a receiver is not there."""
    if request is None:
        return None
    receiver = encode = None
    if request["receiver"] is not None:
        # Here, so that a container without one does not pay for it.
        from seacan.supervisor.logs.receiver import Receiver

        encode = _encoder(request["receiver"])
        receiver = Receiver(loop, request["receiver"], on_room)
    file = None if request["file"] is None else _open_file(request["file"])
    return Log(file, receiver, encode)


def _open_file(request: LogFileRequest) -> LogFile:
    file = RotatedFile(
        request["path"],
        max_size_bytes=request["max_size_bytes"],
        max_files=request["max_files"],
        compress=request["compress"],
    )
    return LogFile(file, _format(request))


def _format(request: LogFileRequest) -> Format:
    if request["format"] == "json-file":
        return JsonFormat(request["attributes"])
    from seacan.supervisor.logs.local import LocalFormat

    return LocalFormat()


def _encoder(request: ReceiverRequest) -> Encode:
    """Return what makes the receiver's packets of an entry; imported by who asks for it."""
    match request["driver"]:
        case "syslog":
            from seacan.supervisor.logs import syslog

            return syslog.encoder(request)
        case "journald":
            from seacan.supervisor.logs import journald

            return journald.encoder(request)
        case "gelf":
            from seacan.supervisor.logs import gelf

            return gelf.encoder(request)
        case _:
            from seacan.supervisor.logs import fluentd

            return fluentd.encoder(request)
