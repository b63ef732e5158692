"""Signals as Docker's clients write them: `TERM`, `SIGTERM`, `15`, `RTMIN+3`."""

import re
import signal
from typing import Final

from seacan.errors import InvalidArgument

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
# Without 32 and 33, which are the C library's own.
_VALID: Final = frozenset(int(number) for number in signal.valid_signals())


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
    if _NUMBER.fullmatch(text) and int(text) != 0:
        number = int(text)
        if number not in _VALID:
            raise InvalidArgument(f"the linux daemon does not support signal {number}")
        return number
    known = _NUMBERS.get(text.upper().removeprefix("SIG"))
    if known is None:
        raise InvalidArgument(f"invalid signal: {text}")
    return known
