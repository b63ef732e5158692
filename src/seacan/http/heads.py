"""Request heads that two parsers could read in two ways are refused before ours reads them.

h11 accepts a bare line feed, folded lines, a repeated Content-Length and one beside
Transfer-Encoding; whatever stands before seacand (a proxy that allows some requests only) may take
them otherwise, and so see another request than we do.
Source: RFC 9112, sections 2.2, 5.2, 6.1, 6.3, 11.2.
"""

import re
from typing import Final

_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([^\r]*)")
_CODING: Final = re.compile(rb"\r\ntransfer-encoding:")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}[ \t]*")


class BadRequest(Exception):
    """What came is no request; the connection is closed after `status` and a line of text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def find_end(data: bytearray, seen: int) -> int:
    """Return the length of the head that `data` starts with, 0 if it is not all there.

    The first `seen` bytes were looked at before. Raises BadRequest at a bare line feed.
    """
    start = max(0, seen - len(_END) + 1)
    found = data.find(_END, start)
    end = found + len(_END) if found >= 0 else 0
    if data.count(b"\n", start, end or None) != data.count(b"\r\n", max(0, start - 1), end or None):
        raise BadRequest(400, "bare line feed in the request head")
    return end


def check_head(head: bytes, max_lines: int) -> None:
    """Raise BadRequest (400, 431) if `head`, up to its empty line, is ambiguous or too long."""
    if head.count(b"\n") > max_lines:
        raise BadRequest(431, f"request head has more than {max_lines} lines")
    if head.count(b"\r") != head.count(b"\r\n"):
        raise BadRequest(400, "bare carriage return in the request head")
    if b"\r\n " in head or b"\r\n\t" in head:
        raise BadRequest(400, "folded header line")
    folded = head.lower()
    lengths = _LENGTH.findall(folded)
    codings = len(_CODING.findall(folded))
    if len(lengths) > 1 or (lengths and codings):
        raise BadRequest(400, "more than one of Content-Length and Transfer-Encoding")
    if lengths and not _DIGITS.fullmatch(lengths[0]):
        raise BadRequest(400, "malformed Content-Length")
    if codings and not folded[: folded.index(b"\r")].endswith(b" http/1.1"):
        raise BadRequest(400, "Transfer-Encoding in a request older than HTTP/1.1")
