"""Signals as Docker's clients write them: `TERM`, `SIGTERM`, `15`, `RTMIN+3`."""

import signal
from typing import Final

from seacan.errors import InvalidArgument

_LAST: Final = int(signal.SIGRTMAX)


def _names() -> dict[str, int]:
    names = {s.name.removeprefix("SIG"): int(s) for s in signal.Signals}
    names |= {"CLD": int(signal.SIGCHLD), "POLL": int(signal.SIGIO), "IOT": int(signal.SIGABRT)}
    least, most = int(signal.SIGRTMIN), int(signal.SIGRTMAX)
    names |= {f"RTMIN+{n}": least + n for n in range(1, (most - least) // 2 + 1)}
    names |= {f"RTMAX-{n}": most - n for n in range(1, (most - least) // 2)}
    return names


_NUMBERS: Final = _names()


def parse_signal(text: str) -> int:
    """Return the number of a signal given by name or number. Raises InvalidArgument."""
    if text.isascii() and text.isdecimal():
        number = int(text) if len(text) < 4 else 0
        if 0 < number <= _LAST:
            return number
    known = _NUMBERS.get(text.upper().removeprefix("SIG"))
    if known is None:
        raise InvalidArgument(f"invalid signal: {text}")
    return known
