"""The words of a command that is written as one text, taken apart as a shell would at first.

Nothing in them is replaced or run: `$(…)` and `` `…` `` stay as they are, and a command ends where
a shell would begin another, or a redirection. Source: docker compose 2.40, tried out.
"""

from __future__ import annotations

_SPACES = " \t\r\n"
_ENDS = ";&|<>"
# What opens and closes, and which others, while they are open, make it a sign like any other.
_QUOTES = {"'": '"(', '"': "'(", "`": "'\"(", "(": "'\"`", ")": "'\"`"}
_TAKEN_AWAY = "'\""


def shell_words(line: str) -> list[str]:
    """Return the words of `line`. Raises ValueError for a quote or bracket without its end."""
    words = _Words()
    for sign in line:
        if not words.add(sign):
            break
    return words.finished()


class _Words:
    """`_word` is None between words; in `_open` is what has been opened and not closed yet."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._word: str | None = None
        self._open: set[str] = set()
        self._is_escaped = False

    def add(self, sign: str) -> bool:
        """Take in the next sign; return whether the command goes on."""
        if self._is_escaped:
            self._is_escaped = False
            self._append(sign)
        elif sign == "\\" and "'" not in self._open:
            self._is_escaped = True
        elif sign in _QUOTES and self._open.isdisjoint(_QUOTES[sign]):
            self._quote(sign)
        elif self._open:
            self._append(sign)
        elif sign in _SPACES:
            self._end_word()
        elif sign in _ENDS:
            self._end_command(sign)
            return False
        else:
            self._append(sign)
        return True

    def _append(self, text: str) -> None:
        self._word = (self._word or "") + text

    def _quote(self, sign: str) -> None:
        if sign == "(" and ("(" in self._open or not (self._word or "").endswith("$")):
            raise _invalid()
        self._open ^= {"(" if sign == ")" else sign}
        self._append("" if sign in _TAKEN_AWAY else sign)

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append(self._word)
        self._word = None

    def _end_command(self, sign: str) -> None:
        """Forget the number before a `>`: it is that of a descriptor."""
        if sign == ">" and self._word and self._word[0] in "0123456789":
            self._word = None

    def finished(self) -> list[str]:
        self._end_word()
        if self._open or self._is_escaped:
            raise _invalid()
        return self._words


def _invalid() -> ValueError:
    return ValueError("invalid command line string")
