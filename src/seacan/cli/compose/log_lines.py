"""The output of several containers on one screen: each line with its container's name in front.

    web-1  | 172.18.0.1 - - "GET / HTTP/1.1" 200 -
    db-1   | ready

Each has a color of its own; the column grows as longer names appear.
"""

from __future__ import annotations

import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.bottom import Output

# Cyan, yellow, green, magenta, blue; then the same, brighter.
_COLORS = ("36", "33", "32", "35", "34", "36;1", "33;1", "32;1", "35;1", "34;1")


class LogLines:
    """`own_times`: a line begins with when it is printed here, as the daemon does not say it."""

    def __init__(
        self,
        *,
        colors: bool,
        prefix: bool,
        own_times: bool = False,
        output: Output,
    ) -> None:
        self._output = output
        self._has_colors = colors
        self._has_prefix = prefix
        self._own_times = own_times
        self._lock = threading.Lock()
        self._colors: dict[str, str] = {}
        self._partial: dict[str, bytes] = {}

    def expect(self, name: str) -> None:
        """Make room for the lines of `name`."""
        with self._lock:
            self._colors.setdefault(name, _COLORS[len(self._colors) % len(_COLORS)])

    def write(self, name: str, data: bytes) -> None:
        """Print the whole lines in `data`; what is left waits for its end."""
        self.expect(name)
        with self._lock:
            *lines, rest = (self._partial.get(name, b"") + data).split(b"\n")
            self._partial[name] = rest
            for line in lines:
                self._print(name, line)
            self._output.flush()

    def end(self, name: str) -> None:
        """Print what is left of `name`'s output."""
        with self._lock:
            rest = self._partial.pop(name, b"")
            if rest:
                self._print(name, rest)
                self._output.flush()

    def tell(self, name: str, text: str) -> None:
        """Print something about `name`, on a line of its own."""
        self.end(name)
        self.expect(name)
        with self._lock:
            self._output.write(self._colored(name, f"{name} {text}\n"))
            self._output.flush()

    def say(self, line: str) -> None:
        """Print a line about none of them alone."""
        with self._lock:
            self._output.write(f"{line}\n")
            self._output.flush()

    def _print(self, name: str, line: bytes) -> None:
        text = line.removesuffix(b"\r").decode(errors="surrogateescape")
        if self._own_times:
            text = f"{_now()} {text}"
        if self._has_prefix:
            width = max(map(len, self._colors)) + 1
            text = self._colored(name, f"{name.ljust(width)} | ") + text
        self._output.write(f"{text}\n")

    def _colored(self, name: str, text: str) -> str:
        return f"\x1b[{self._colors[name]}m{text}\x1b[0m" if self._has_colors else text


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{moment}.{nanoseconds:09}Z"
