"""The keyword, the options and the words of a logical line.

Quotes and variables stay as they are written, but for the quotes in options.
"""

import json
import re
from typing import Final

from seacan.build.dockerfile.errors import Misplaced
from seacan.build.dockerfile.lines import SPACES

_BLANKS: Final = re.compile(r"[\t\v\f\r ]+")


def split_keyword(line: str) -> tuple[str, str]:
    """Return the first word, and the rest."""
    keyword, *rest = _BLANKS.split(line.strip(SPACES), maxsplit=1)
    return keyword, rest[0] if rest else ""


def split_options(text: str, escape: str) -> tuple[list[str], str]:
    """Return the words at the start that begin with `--`, and the rest; `--` ends them."""
    options: list[str] = []
    at = 0
    while True:
        at = _skip_blanks(text, at)
        if not text.startswith("--", at):
            return options, text[at:].strip(SPACES)
        option, at = _option(text, at, escape)
        if option == "--":
            return options, text[at:].strip(SPACES)
        options.append(option)


def split_quoted(text: str, escape: str) -> list[str]:
    """Return the words; blanks in quotes and escaped ones are part of them, as are the quotes."""
    words: list[str] = []
    at = _skip_blanks(text, 0)
    while at < len(text):
        start = at
        at = _word_end(text, at, escape)
        word = text[start:at]
        # An escape that nothing follows is none.
        words.append(word[:-1] if at == len(text) and _ends_escaping(word, escape) else word)
        at = _skip_blanks(text, at)
    return [word for word in words if word]


def split_blanks(text: str) -> list[str]:
    """Return the words between blanks, whatever quotes there are."""
    return _BLANKS.split(text) if text else []


def json_list(text: str) -> list[str] | None:
    """Return the strings of a list in JSON; None if it is no JSON.

    Raises Misplaced if there is something else in the list.
    """
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
        # A lone surrogate is no text: what Go puts in its place.
        value = [_sound(item) if isinstance(item, str) else item for item in value]
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(item, str) for item in value):
        raise Misplaced(
            "when using JSON array syntax, arrays must be comprised of strings only",
            is_syntax=True,
        )
    return value


def _sound(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _refuse(constant: str) -> float:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in SPACES:
        at += 1
    return at


def _option(text: str, at: int, escape: str) -> tuple[str, int]:
    """Return the word at `at` without quotes and escapes, and where it ends."""
    parts: list[str] = []
    quote = ""
    while at < len(text):
        character = text[at]
        if character == quote:
            quote = ""
        elif character == escape:
            at += 1
            parts.append(text[at : at + 1])
        elif quote:
            parts.append(character)
        elif character in SPACES:
            break
        elif character in "'\"":
            quote = character
        else:
            parts.append(character)
        at += 1
    return "".join(parts), min(at, len(text))


def _word_end(text: str, at: int, escape: str) -> int:
    quote = ""
    while at < len(text):
        character = text[at]
        if character == quote:
            quote = ""
        elif character == escape and quote != "'":
            at += 1
        elif not quote and character in SPACES:
            break
        elif not quote and character in "'\"":
            quote = character
        at += 1
    return min(at, len(text))


def _ends_escaping(word: str, escape: str) -> bool:
    """Return whether the last character is an escape, and not an escaped one."""
    count = len(word) - len(word.rstrip(escape))
    return count % 2 == 1
