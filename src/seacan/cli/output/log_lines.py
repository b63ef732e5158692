"""Logs line by line: of several containers at once, and only what is looked for."""

from __future__ import annotations

import re
import threading

from seacan.cli.output.colors import colored, has_colors
from seacan.cli.output.stream import write_all
from seacan.client.streams import STDERR
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class LogLines:
    """What is shown of the logs of `names`: whole lines, several containers' not in each other.

    `pattern`: a regular expression that has to be somewhere in a line; "": every line is shown.
    Raises InvalidArgument if it is none.
    """

    def __init__(self, names: Sequence[str], pattern: str) -> None:
        try:
            self._wanted = re.compile(pattern.encode(errors="surrogateescape"))
        except re.error as err:
            raise InvalidArgument(f"invalid pattern {pattern}: {err}") from None
        self._lock = threading.Lock()
        self._heads: dict[tuple[str, int], bytes] = {}
        width = max(map(len, names))
        for number, name in enumerate(names):
            for fd in (1, 2):
                head = f"{name:<{width}} | " if len(names) > 1 else ""
                shown = colored(head, number) if head and has_colors(fd) else head
                self._heads[name, fd] = shown.encode(errors="surrogateescape")

    def show(self, name: str, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Print a log as it comes; the last line also if it has no end."""
        rests = {1: b"", 2: b""}
        for source, piece in pieces:
            fd = 2 if source == STDERR else 1
            *lines, rests[fd] = (rests[fd] + piece).split(b"\n")
            self._print(name, fd, lines)
        for fd, rest in rests.items():
            if rest:
                self._print(name, fd, [rest])

    def _print(self, name: str, fd: int, lines: list[bytes]) -> None:
        head = self._heads[name, fd]
        text = b"".join(head + line + b"\n" for line in lines if self._wanted.search(line))
        if text:
            with self._lock:
                write_all(fd, text)
