"""The patterns of ${name#pattern}, ${name%pattern} and ${name/pattern/text}.

`*` stands for any characters and `?` for one, but for the ends of lines; an escaped one for itself.
A pattern is an automaton whose states are the bits of a number, so that no pattern takes longer
than its length times that of the value, whatever its stars. Source: BuildKit, shell/lex.go.
"""

from typing import Final

import msgspec

from seacan.errors import InvalidArgument

_LONGEST: Final = 1024


class Pattern(msgspec.Struct, frozen=True):
    """Bit `i` of a state says: the first `i` tokens have matched."""

    stars: int  # tokens that are stars
    any: int  # tokens that are question marks
    literals: dict[str, int]
    end: int

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Return the pattern that `text` writes. Raises InvalidArgument."""
        return cls._of(_tokens(text))

    @classmethod
    def parse_reversed(cls, text: str) -> "Pattern":
        """Return the pattern that matches what `text` does, from behind."""
        return cls._of(_tokens(text)[::-1])

    @classmethod
    def _of(cls, tokens: list[tuple[bool, str]]) -> "Pattern":
        stars = wild = count = 0
        literals: dict[str, int] = {}
        was_star = False
        for is_literal, character in tokens:
            is_star = not is_literal and character == "*"
            if is_star and was_star:
                continue
            was_star = is_star
            bit = 1 << count
            if is_star:
                stars |= bit
            elif not is_literal:
                wild |= bit
            else:
                literals[character] = literals.get(character, 0) | bit
            count += 1
        return cls(stars, wild, literals, 1 << count)

    def ends(self, value: str, start: int = 0) -> tuple[int, int]:
        """Return the ends of the shortest and of the longest match at `start`; -1 if none."""
        shortest = longest = -1
        state = self._closed(1)
        at = start
        while True:
            if state & self.end:
                longest = at
                shortest = at if shortest < 0 else shortest
            if at == len(value) or not state:
                return shortest, longest
            state = self.step(state, value[at])
            at += 1

    def step(self, state: int, character: str) -> int:
        """Return the states after one more character."""
        is_inline = character != "\n"
        matched = self.literals.get(character, 0) | (self.any if is_inline else 0)
        return self._closed(((state & matched) << 1) | (state & self.stars if is_inline else 0))

    def starts(self, value: str) -> list[bool]:
        """Return for each place in `value` whether a match of this, reversed, ends there."""
        first = self._closed(1)
        state = first
        found = [bool(state & self.end)]
        for character in reversed(value):
            state = self.step(state, character) | first
            found.append(bool(state & self.end))
        return found[::-1]

    def _closed(self, state: int) -> int:
        return state | ((state & self.stars) << 1)


def without_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """Return `value` without what matches at its start. Raises InvalidArgument."""
    ends = Pattern.parse(pattern).ends(value)
    return value[max(ends[longest], 0) :]


def without_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """Return `value` without what matches at its end. Raises InvalidArgument."""
    ends = Pattern.parse_reversed(pattern).ends(value[::-1])
    return value[: len(value) - max(ends[longest], 0)]


def replaced(value: str, pattern: str, text: str, *, everywhere: bool) -> str:
    """Return `value` with `text` for its first and longest match, or for each one.

    Raises InvalidArgument.
    """
    forward = Pattern.parse(pattern)
    starts = Pattern.parse_reversed(pattern).starts(value)
    parts: list[str] = []
    done = at = 0
    while at <= len(value):
        if starts[at]:
            end = forward.ends(value, at)[1]
            parts.append(value[done:at])
            if end > done or at == 0:  # an empty match right after another one is none
                parts.append(text)
            done = end
            if not everywhere:
                break
            at = max(end, at + 1)
        else:
            at += 1
    return "".join(parts) + value[done:]


def _tokens(text: str) -> list[tuple[bool, str]]:
    """Return the characters, and whether each stands for itself."""
    if len(text) > _LONGEST:
        raise InvalidArgument(f"pattern in substitution longer than {_LONGEST} characters")
    tokens = []
    at = 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
            character = text[at : at + 1]
            if not character or character not in "*?\\}/":
                raise InvalidArgument(
                    f"invalid pattern ({text}) in substitution: invalid escape '\\{character}'"
                )
            tokens.append((True, character))
        else:
            tokens.append((character not in "*?", character))
        at += 1
    return tokens
