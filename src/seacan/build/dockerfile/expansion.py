"""Variables and quotes: `$name`, `${name:-word}` and its kin, 'single', "double" and escapes.

    $name ${name}                 the value, or nothing
    ${name-word}                  the value, or `word` if there is none
    ${name+word}                  `word` if there is a value
    ${name?word}                  the value, or an error
    :- :+ :?                      the same; an empty value is none
    ${name#pattern} ${name%…}     the value without what matches at its start, at its end
    ${name/pattern/word}          the value with `word` in the place of what matches
    ## %% //                      the longest match; each match

Source: the Dockerfile reference, environment replacement; BuildKit, shell/lex.go.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import field

from seacan.build.dockerfile import substitution
from seacan.build.dockerfile.lines import SPACES
from seacan.build.words import go_string
from seacan.errors import InvalidArgument

_DEEPEST: Final = 50
_SHOWN: Final = 200
_TOKENS_A_STEP: Final = 16  # of a pattern, for what one character of other text costs
_SPECIAL_NAMES: Final = frozenset("@*#?-$!0")


class Work:
    """How much all expansions of a file may read and write, in characters.

    A few lines that double a variable each would fill any memory.
    """

    def __init__(self, limit: int = 16 << 20) -> None:
        self._left = limit

    def take(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise InvalidArgument("variables of this Dockerfile expand to too much text")


class Lexer(msgspec.Struct, frozen=True):
    """How words are read; the four choices are for what is not yet to be given its values."""

    escape: str = "\\"
    keeps_quotes: bool = False
    keeps_escapes: bool = False
    keeps_unset: bool = False  # $name stays as it is if there is no such variable
    has_quotes: bool = True  # if not, quotes are characters as any
    work: Work = field(default_factory=Work)


class Expanded(msgspec.Struct, frozen=True):
    text: str
    used: frozenset[str]  # variables that have a value
    unset: frozenset[str]  # variables that have none


def expand(lexer: Lexer, text: str, values: Mapping[str, str]) -> Expanded:
    """Return `text` with the values of its variables and without quotes.

    Raises InvalidArgument.
    """
    reader = _Reader(lexer, text, values)
    found = "".join(piece for piece, _ in reader.read())
    return Expanded(found, frozenset(reader.used), frozenset(reader.unset))


def split(lexer: Lexer, text: str, values: Mapping[str, str]) -> list[str]:
    """Return the words of `text`; a value with blanks is several. Raises InvalidArgument."""
    words: list[str] = []
    word: list[str] = []
    for piece, is_splittable in _Reader(lexer, text, values).read():
        if not is_splittable:
            word.append(piece)
            continue
        for character in piece:
            if character not in SPACES:
                word.append(character)
            elif any(word):
                words.append("".join(word))
                word = []
    return [*words, "".join(word)] if any(word) else words


class _Reader:
    def __init__(self, lexer: Lexer, text: str, values: Mapping[str, str]) -> None:
        self._lexer = lexer
        self._text = text
        self._values = values
        self._at = 0
        self._depth = 0
        self.used: set[str] = set()
        self.unset: set[str] = set()

    def read(self) -> list[tuple[str, bool]]:
        """Return pieces of the result, and whether blanks in each end a word."""
        try:
            self._lexer.work.take(len(self._text))
            return self._pieces("", keeps_escapes=self._lexer.keeps_escapes)
        except InvalidArgument as err:
            shown = go_string(self._text[:_SHOWN])
            raise InvalidArgument(f"failed to process {shown}: {err}") from err

    def _pieces(self, stop: str, *, keeps_escapes: bool) -> list[tuple[str, bool]]:
        """Read up to `stop`, and over it."""
        pieces: list[tuple[str, bool]] = []
        has_quotes = self._lexer.has_quotes
        while character := self._peek():
            if character == stop:
                self._at += 1
                return pieces
            if character == "$":
                pieces.append((self._dollar(), True))
            elif character == "'" and has_quotes:
                pieces.append((self._single(), False))
            elif character == '"' and has_quotes:
                pieces.append((self._double(keeps_escapes=keeps_escapes), False))
            elif character == "<" and self._text.startswith("<<", self._at):
                pieces.append((self._heredoc_mark(), False))
            elif character == self._lexer.escape:
                pieces.append((self._escaped(keeps=keeps_escapes), False))
            else:
                self._at += 1
                pieces.append((character, True))
        if stop:
            raise InvalidArgument(_MISSING[stop])
        return pieces

    def _word(self, stop: str, *, keeps_escapes: bool) -> str:
        if self._depth == _DEEPEST:
            raise InvalidArgument("syntax error: substitutions within substitutions go too deep")
        self._depth += 1
        found = "".join(piece for piece, _ in self._pieces(stop, keeps_escapes=keeps_escapes))
        self._depth -= 1
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += len(character)
        return character

    def _escaped(self, *, keeps: bool) -> str:
        mark = self._next()
        character = self._next()
        return mark + character if keeps else character

    def _heredoc_mark(self) -> str:
        """Read `<<` and the blanks after it, which end no word."""
        start = self._at
        self._at += 2
        while self._peek() in ("\t", "\r", " "):
            self._at += 1
        return self._text[start : self._at]

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise InvalidArgument(_unended("single"))
        start, self._at = self._at, end + 1
        return (
            self._text[start : end + 1] if self._lexer.keeps_quotes else self._text[start + 1 : end]
        )

    def _double(self, *, keeps_escapes: bool) -> str:
        quote = self._next() if self._lexer.keeps_quotes else self._next() * 0
        parts = [quote]
        while character := self._peek():
            if character == "$":
                parts.append(self._dollar())
                continue
            self._at += 1
            if character == '"':
                return "".join([*parts, quote])
            if character == self._lexer.escape and self._peek() in ('"', "$", self._lexer.escape):
                parts.append(character if keeps_escapes else "")
                character = self._next()
            parts.append(character)
        raise InvalidArgument(_unended("double"))

    def _dollar(self) -> str:
        self._at += 1
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self._value(name)
            return self._unset_text(f"${name}") if value is None else value
        self._at += 1
        if not self._peek():
            raise InvalidArgument(_MISSING["}"])
        if self._peek() in "{}:":
            raise InvalidArgument("syntax error: bad substitution")
        return self._braced(self._name())

    def _braced(self, name: str) -> str:
        match self._next():
            case "}":
                value = self._value(name)
                return self._unset_text(f"${{{name}}}") if value is None else value
            case "/":
                return self._replaced(name)
            case ":":
                return self._modified(name, ":" + self._next())
            case "+" | "-" | "?" | "#" | "%" as operator:
                return self._modified(name, operator)
            case "":
                raise InvalidArgument(_MISSING["}"])
            case other:
                raise InvalidArgument(f"unsupported modifier ({other}) in substitution")

    def _modified(self, name: str, operator: str) -> str:
        kind = operator[-1]
        if kind not in "-+?" and operator not in ("#", "%"):
            raise InvalidArgument(f"unsupported modifier ({operator}) in substitution")
        word = self._word("}", keeps_escapes=kind in "#%")
        value = self._value(name)
        if value is None and self._lexer.keeps_unset:
            return f"${{{name}{operator}{word}}}"
        has_value = value is not None and (operator[0] != ":" or value != "")
        text = value or ""
        match kind:
            case "-":
                return text if has_value else word
            case "+":
                return word if has_value else ""
            case "?" if not has_value:
                state = "unset" if value is None else "empty"
                raise InvalidArgument(f"{name}: {word or f'is not allowed to be {state}'}")
            case "#" | "%":
                return self._trimmed(text, kind, word)
        return text

    def _trimmed(self, value: str, kind: str, word: str) -> str:
        self._take_match(value, word)
        is_longest = word.startswith(kind)
        trim = substitution.without_prefix if kind == "#" else substitution.without_suffix
        return trim(value, word[is_longest:], longest=is_longest)

    def _replaced(self, name: str) -> str:
        is_everywhere = self._peek() == "/"
        self._at += is_everywhere
        pattern = self._word("/", keeps_escapes=True)
        text = self._word("}", keeps_escapes=True)
        value = self._value(name)
        if value is None:
            mark = "//" if is_everywhere else "/"
            return self._unset_text(f"${{{name}{mark}{pattern}/{text}}}")
        self._take_match(value, pattern)
        found = substitution.replaced(value, pattern, text, everywhere=is_everywhere)
        self._lexer.work.take(len(found))
        return found

    def _take_match(self, value: str, pattern: str) -> None:
        self._lexer.work.take(len(value) * (1 + len(pattern) // _TOKENS_A_STEP))

    def _unset_text(self, written: str) -> str:
        return written if self._lexer.keeps_unset else ""

    def _value(self, name: str) -> str | None:
        value = self._values.get(name)
        (self.unset if value is None else self.used).add(name)
        self._lexer.work.take(len(value or ""))
        return value

    def _name(self) -> str:
        """Read a name; digits alone and the shell's special parameters are names, too."""
        start = self._at
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self._at += 1
        elif first in _SPECIAL_NAMES:
            self._at += 1
        else:
            while (
                (character := self._peek()).isalpha() or character.isdecimal() or character == "_"
            ):
                self._at += 1
        return self._text[start : self._at]


_MISSING: Final = {
    "}": "syntax error: missing '}'",
    "/": "syntax error: missing '/' in ${}",
}


def _unended(kind: str) -> str:
    return f"unexpected end of statement while looking for matching {kind}-quote"
