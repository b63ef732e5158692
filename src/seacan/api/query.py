"""Values of the query string, by Docker's rules.

Source: Engine API; what dockerd takes for true, a number, a filter was asked of dockerd 28.
"""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qs

import msgspec

from seacan.errors import InvalidArgument

Filters = dict[str, list[str]]

_MAX_FIELDS: Final = 1000
# Of all filters together: each is held against everything that there is.
_MAX_FILTER_VALUES: Final = 1000
_FALSE: Final = frozenset({"", "0", "no", "false", "none"})
# Source: Go, strconv.ParseBool.
_GO_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_GO_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")
_INT64: Final = 1 << 63
_UINT16: Final = 1 << 16
# The older form maps each value to true, which says nothing more.
_FILTERS: Final = msgspec.json.Decoder(dict[str, list[str | None] | dict[str, bool] | None] | None)
# A percent sign that begins no byte: what follows it is told of, too.
_WRONG_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}")


class Query:
    def __init__(self, text: str) -> None:
        if wrong := _WRONG_ESCAPE.search(text):
            raise InvalidArgument(f"invalid URL escape {_quote(wrong[0])}")
        try:
            self._values = parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError as err:
            raise InvalidArgument(f"malformed query: {err}") from err

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """Return the first value, the empty string without one."""
        return self._values.get(name, [""])[0]

    def optional(self, name: str) -> str | None:
        """Return the first value; None without one, or if it is empty."""
        return self.text(name) or None

    def texts(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return whether the value is anything but no, 0, false, none or empty."""
        if name not in self:
            return default
        return self.text(name).strip().lower() not in _FALSE

    def boolean(self, name: str) -> bool:
        """Return true or false as Go writes them, false without one. Raises InvalidArgument."""
        text = self.text(name)
        if text in ("", *_GO_FALSE):
            return False
        if text not in _GO_TRUE:
            raise InvalidArgument(
                f"invalid value for {name}: {text}: "
                f"strconv.ParseBool: parsing {_quote(text)}: invalid syntax"
            )
        return True

    def integer(self, name: str) -> int | None:
        """Return a decimal number of 64 bits, None without one. Raises InvalidArgument."""
        text = self.text(name)
        if not text:
            return None
        digits = text[1:] if text[0] in "+-" else text
        if not _is_decimal(digits):
            raise InvalidArgument(f"strconv.Atoi: parsing {_quote(text)}: invalid syntax")
        value = int(digits) if len(digits) < 20 else _INT64
        if value >= _INT64:
            raise InvalidArgument(f"strconv.Atoi: parsing {_quote(text)}: value out of range")
        return -value if text[0] == "-" else value

    def uint16(self, name: str, meaning: str) -> int:
        """Return a number that must be there, `meaning` what it is. Raises InvalidArgument."""
        text = self.text(name)
        digits = text.removeprefix("-")
        if not _is_decimal(digits):
            raise InvalidArgument(f"invalid {meaning} {_quote(text)}: invalid syntax")
        if text[0] == "-" or len(digits) > 10 or int(digits) >= _UINT16:
            raise InvalidArgument(f"invalid {meaning} {_quote(text)}: value out of range")
        return int(digits)

    def filters(self) -> Filters:
        """Return `filters`: {"status": ["exited"]} or {"status": {"exited": true}}.

        Raises InvalidArgument for anything else, and for more than somebody looks for.
        """
        text = self.text("filters")
        if not text:
            return {}
        try:
            given = _FILTERS.decode(text) or {}
            found = {name: [v or "" for v in values or ()] for name, values in given.items()}
        except (msgspec.DecodeError, RecursionError, UnicodeError) as err:
            raise InvalidArgument("invalid filter") from err
        if sum(map(len, found.values())) > _MAX_FILTER_VALUES:
            raise InvalidArgument(f"invalid filter: more than {_MAX_FILTER_VALUES} values")
        return found


def check_filters(filters: Filters, known: Collection[str]) -> None:
    """Raise InvalidArgument for a filter that there is not."""
    for name in filters:
        if name not in known:
            raise InvalidArgument(f"invalid filter '{name}'")


def _is_decimal(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
