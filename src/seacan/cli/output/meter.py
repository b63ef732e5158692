"""How many bytes have passed so far, on a terminal."""

from __future__ import annotations

import sys
import time

from seacan.cli.output.units import decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LEAST_S = 0.075  # from one look to the next


class Meter:
    """Counts the bytes that pass, and shows them behind `title` on standard error."""

    def __init__(self, title: str, *, is_silent: bool) -> None:
        self._title = title
        self._is_silent = is_silent
        self._shown_at = 0.0
        self.size_bytes = 0

    def counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield `pieces` as they are."""
        for piece in pieces:
            self.size_bytes += len(piece)
            self._show()
            yield piece

    def _show(self) -> None:
        now = time.monotonic()
        if self._is_silent or not sys.stderr.isatty() or now - self._shown_at < _LEAST_S:
            return
        self._shown_at = now
        sys.stderr.write(f"\r{self._title}{decimal_size(self.size_bytes)}\x1b[K")
        sys.stderr.flush()

    def erase(self) -> None:
        """Take what is shown away again."""
        if self._shown_at:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def finish(self, destination: str) -> None:
        """Tell how much was copied where."""
        self.erase()
        if not self._is_silent:
            size = decimal_size(self.size_bytes)
            sys.stderr.write(f"Successfully copied {size} to {destination}\n")
            sys.stderr.flush()
