"""Modes as chmod(1) has them: `755`, or `u=rwX,go+rX`."""

import re
from typing import Final

from seacan.errors import InvalidArgument

_CLAUSE: Final = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_SHIFTS: Final = {"u": 6, "g": 3, "o": 0}
_BITS: Final = {"r": 4, "w": 2, "x": 1}


def check(text: str) -> None:
    """Raise InvalidArgument for what is no mode."""
    changed_mode(0, text, is_directory=False)


def changed_mode(mode: int, text: str, *, is_directory: bool) -> int:
    """Return what `text` makes of a mode. Raises InvalidArgument."""
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8)
    for clause in text.split(","):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise InvalidArgument(f"invalid chmod parameter: '{text}'")
        who, sign, what = found.groups()
        mode = _changed(mode, set(who) - {"a"} or {*_SHIFTS}, sign, what, is_directory=is_directory)
    return mode


def _changed(mode: int, who: set[str], sign: str, what: str, *, is_directory: bool) -> int:
    can_execute = is_directory or bool(mode & 0o111)
    bits = 0
    for letter in what:
        match letter:
            case "X":
                bits |= sum(1 << _SHIFTS[each] for each in who) if can_execute else 0
            case "s":
                bits |= (0o4000 if "u" in who else 0) | (0o2000 if "g" in who else 0)
            case "t":
                bits |= 0o1000
            case _:
                bits |= sum(_BITS[letter] << _SHIFTS[each] for each in who)
    match sign:
        case "+":
            return mode | bits
        case "-":
            return mode & ~bits
    return mode & ~sum(7 << _SHIFTS[each] for each in who) | bits
