"""Lines that stay at the bottom of a terminal, below what is printed meanwhile."""

from __future__ import annotations

from _thread import allocate_lock  # that of threading, which takes its time to import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TextIO

    class Output(Protocol):
        """What of a file is used to print to it."""

        def write(self, text: str, /) -> int: ...
        def flush(self) -> None: ...


class Bottom:
    """The bottom of the terminal `output`; used from several threads."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._lock = allocate_lock()
        self._lines: list[str] = []

    def show(self, lines: list[str]) -> None:
        """Have `lines`, none of them wider than the terminal, in place of those that are there."""
        with self._lock:
            self._write(self._to_erase() + _text(lines))
            self._lines = lines

    def leave(self) -> None:
        """Have nothing at the bottom any more: what is there becomes what was printed."""
        with self._lock:
            self._lines = []

    def print_above(self, text: str, output: Output) -> None:
        """Print whole lines to `output`, which is the same terminal."""
        with self._lock:
            self._write(self._to_erase())
            output.write(text)
            output.flush()
            self._write(_text(self._lines))

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()

    def _to_erase(self) -> str:
        return f"\x1b[{len(self._lines)}A\r\x1b[J" if self._lines else ""


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class AboveBottom:
    """An output of whole lines, printed with `flush`, above what is at the bottom."""

    def __init__(self, bottom: Bottom, output: TextIO) -> None:
        self._bottom = bottom
        self._output = output
        self._pending = ""

    def write(self, text: str, /) -> int:
        self._pending += text
        return len(text)

    def flush(self) -> None:
        text, self._pending = self._pending, ""
        self._bottom.print_above(text, self._output)
