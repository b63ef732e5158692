r"""Docker's json-file: a JSON object a line.

    {"log":"hello\n","stream":"stdout","attrs":{"tag":"x"},"time":"2026-01-02T03:04:05.678901234Z"}

`attrs` is there if the log has any. Lines are encoded by the chunk: where nothing needs escaping,
one `bytes.replace` does it all.
"""

import codecs
import json
import time
from collections.abc import Mapping
from typing import Final

from seacan.supervisor.logs.lines import Entry

# Bytes that stand for themselves in a JSON string; the newline is dealt with by replacement.
_PLAIN: Final = bytes(b for b in range(0x20, 0x7F) if b not in b'"\\') + b"\n"


class JsonFormat:
    def __init__(self, attributes: Mapping[str, str]) -> None:
        pairs = json.dumps(dict(sorted(attributes.items())), separators=(",", ":"))
        self._attributes = f'"attrs":{pairs},' if attributes else ""

    def encode_lines(self, data: bytes, stream: str, time_ns: int) -> bytes:
        """Return the entries of `data`, which is whole lines none of which is long."""
        close = self._close(stream, time_ns)
        if data.translate(None, _PLAIN):
            lines = data[:-1].split(b"\n")
            return b"".join(b'{"log":"' + _escape(line + b"\n") + close for line in lines)
        end_of_entry = b"\\n" + close
        return b'{"log":"' + data[:-1].replace(b"\n", end_of_entry + b'{"log":"') + end_of_entry

    def encode_entry(self, entry: Entry) -> bytes:
        return b'{"log":"' + _escape(entry.text) + self._close(entry.stream, entry.time_ns)

    def _close(self, stream: str, time_ns: int) -> bytes:
        seconds, fraction = divmod(time_ns, 1_000_000_000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:09d}Z"
        return f'","stream":"{stream}",{self._attributes}"time":"{stamp}"}}\n'.encode()


def _each_byte(err: UnicodeError) -> tuple[str, int]:
    # Go, hence dockerd, replaces each byte by itself, Python a whole cut-off character.
    assert isinstance(err, UnicodeDecodeError)
    return "\ufffd" * (err.end - err.start), err.end


codecs.register_error("seacan-each-byte", _each_byte)


def _escape(text: bytes) -> bytes:
    decoded = text.decode(errors="seacan-each-byte")
    return json.dumps(decoded, ensure_ascii=False)[1:-1].encode()
