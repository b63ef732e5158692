"""Go's printf.

Source: Go's package fmt.
"""

from __future__ import annotations

import re

from seacan.cli.output.templates.values import Record, Time, plain, shortest, type_name
from seacan.cli.values import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_VERB = re.compile(r"%([+\-# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(.)?", re.DOTALL)


def sprintf(form: str, arguments: list[Any]) -> str:
    """Return `form` with its verbs filled in; what does not fit shows as `%!d(string=x)`."""
    left = list(arguments)
    pieces, at = [], 0
    for found in _VERB.finditer(form):
        pieces.append(form[at : found.start()])
        pieces.append(_filled(found, left))
        at = found.end()
    pieces.append(form[at:])
    if left:
        extra = ", ".join(f"{type_name(one)}={plain(one)}" for one in left)
        pieces.append(f"%!(EXTRA {extra})")
    return "".join(pieces)


def _filled(found: re.Match[str], left: list[Any]) -> str:
    flags, width, precision, verb = found[1], found[2], found[3], found[4]
    if verb is None:
        return "%!(NOVERB)"
    if verb == "%":
        return "%"
    has_precision = "." in found[0][1:-1]
    if width == "*":
        width = str(left.pop(0)) if left else "0"
        if width.startswith("-"):
            flags, width = flags + "-", width[1:]
    if precision == "*":
        precision = str(left.pop(0)) if left else "0"
    if not left:
        return f"%!{verb}(MISSING)"
    text = _formatted(left.pop(0), verb, flags, int(precision or 0) if has_precision else None)
    columns = int(width or 0)
    if "-" in flags:
        return text.ljust(columns)
    if "0" in flags and text[:1] in ("+", "-") and verb in "dfFeEgGxXob":
        return text[0] + text[1:].rjust(columns - 1, "0")
    return text.rjust(columns, "0" if "0" in flags else " ")


def _formatted(value: Any, verb: str, flags: str, precision: int | None) -> str:
    if verb == "v":
        return _value(value, flags)
    if verb == "T":
        return type_name(value)
    if isinstance(value, list) and verb in "sdqxXfgteobc":
        return "[" + " ".join(_formatted(one, verb, flags, precision) for one in value) + "]"
    text: str | None = None
    if isinstance(value, bool):
        text = plain(value) if verb == "t" else None
    elif isinstance(value, str | Time):
        text = _string(str(value), verb, flags, precision)
    elif isinstance(value, int):
        text = _integer(value, verb, flags)
    elif isinstance(value, float):
        text = _float(value, verb, flags, precision)
    elif verb in "sd" and isinstance(value, dict | Record):
        text = plain(value)
    if text is not None:
        return text
    if value is None:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(value)}={plain(value)})"


def _value(value: Any, flags: str) -> str:
    if "#" in flags and isinstance(value, str):
        return go_quote(value)
    if "+" in flags and isinstance(value, int) and not isinstance(value, bool):
        return f"{value:+d}"
    return plain(value)


def _string(text: str, verb: str, flags: str, precision: int | None) -> str | None:
    if precision is not None:
        text = text[:precision]
    if verb == "s":
        return text
    if verb == "q":
        return f"`{text}`" if "#" in flags and "`" not in text else go_quote(text)
    if verb in "xX":
        digits = text.encode(errors="surrogateescape").hex(" " if " " in flags else "-")
        digits = digits.replace("-", "")
        return digits.upper() if verb == "X" else digits
    return None


def _integer(number: int, verb: str, flags: str) -> str | None:
    sign = "+" if "+" in flags else " " if " " in flags else "-"
    match verb:
        case "d" | "b" | "o" | "x" | "X":
            return f"{number:{sign}{'#' if '#' in flags and verb != 'd' else ''}{verb}}"
        case "O":
            return f"{number:{sign}#o}"
        case "c":
            return chr(number)
        case "q":
            return f"'{chr(number)}'"
        case "U":
            return f"U+{number:04X}"
    return None


def _float(number: float, verb: str, flags: str, precision: int | None) -> str | None:
    sign = "+" if "+" in flags else " " if " " in flags else "-"
    if verb in "fFeE":
        return f"{number:{sign}.{6 if precision is None else precision}{verb.lower()}}"
    if verb in "gG":
        return shortest(number) if precision is None else f"{number:{sign}.{precision}g}"
    return None
