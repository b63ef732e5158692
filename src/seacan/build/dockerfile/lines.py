"""A Dockerfile's bytes as logical lines: directives, continuation, comments, here-documents.

Source: the Dockerfile reference; the rules at the edges are those of BuildKit's parser.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from seacan.build.dockerfile.errors import PARSE, DockerfileError

LIMIT_BYTES: Final = 4 << 20
_LONGEST_LINE: Final = (64 << 10) - 1
# What Go's unicode.IsSpace knows.
SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_DIRECTIVE: Final = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=", re.ASCII)
_DIRECTIVES: Final = ("syntax", "escape", "check")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Line(msgspec.Struct, frozen=True):
    """A logical line: `text` without the escapes at the ends of the lines that it is of."""

    text: str
    first: int  # numbers of lines, from 1
    last: int
    comments: tuple[str, ...]  # right above it


class Lines:
    """The logical lines of a file; `directives` is whole from the start."""

    def __init__(self, data: bytes, escape: str = "\\") -> None:
        """Take a file's bytes. Raises DockerfileError."""
        if len(data) > LIMIT_BYTES:
            raise DockerfileError(f"dockerfile larger than {LIMIT_BYTES} bytes", 1)
        self._lines = data.removeprefix(_BYTE_ORDER_MARK).split(b"\n")
        if not self._lines[-1]:
            del self._lines[-1]
        self._at = 0
        self._check_lengths()
        self.directives = self._read_directives()
        self.escape = self.directives.get("escape", escape)
        self.empty_continuations: list[int] = []

    def __iter__(self) -> Iterator[Line]:
        """Give the lines; between two of them, here-documents may be read."""
        comments: list[str] = []
        while self._at < len(self._lines):
            text = self._text(self._at).lstrip(SPACES)
            self._at += 1
            if text.startswith("#"):
                comment = text[1:].strip(SPACES)
                comments = [*comments[-7:], comment] if comment else []
            elif text:
                first = self._at
                text = self._continued(text)
                yield Line(text, first, self._at, tuple(comments))
                comments = []
            else:
                comments = []

    @property
    def at(self) -> int:
        """The number of the last line that was read."""
        return self._at

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def find(self, fragment: str, first: int, last: int) -> tuple[int, int]:
        """Return line and column of the first `fragment` in these lines; else `first` and 0."""
        for number in range(first, last + 1) if fragment else ():
            column = self._text(number - 1).find(fragment)
            if column >= 0:
                return number, column + 1
        return first, 0

    def read_heredoc(self, name: str, *, strips_tabs: bool, started: int) -> str:
        """Return the lines from here to the one that is `name`. Raises DockerfileError."""
        end = name.encode()
        found: list[bytes] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            bare = line.rstrip(b"\r")
            if (bare.lstrip(b"\t") if strips_tabs else bare) == end:
                return self._heredoc_text(found)
            found.append(line)
        raise DockerfileError(f"{PARSE}: unterminated heredoc", started, last_line=self._at)

    def _heredoc_text(self, lines: list[bytes]) -> str:
        try:
            return "".join(line.decode() + "\n" for line in lines)
        except UnicodeError:
            # Elsewhere what is no UTF-8 is replaced; a file would silently be another one.
            raise DockerfileError(f"{PARSE}: heredoc is not in UTF-8", self._at) from None

    def _text(self, at: int) -> str:
        return self._lines[at].rstrip(b"\r").decode("utf-8", "replace")

    def _continued(self, text: str) -> str:
        """Return `text` and the lines after it that belong to it."""
        parts, goes_on = [], True
        has_empty = False
        while True:
            text, goes_on = self._without_escape(text)
            parts.append(text)
            while goes_on and self._at < len(self._lines):
                text = self._text(self._at)
                self._at += 1
                bare = text.lstrip(SPACES)
                if bare and not bare.startswith("#"):
                    break
                has_empty = has_empty or not bare
            else:
                break
        if has_empty:
            self.empty_continuations.append(self._at)
        return "".join(parts)

    def _without_escape(self, text: str) -> tuple[str, bool]:
        """Return `text` without the escape at its end, and whether it goes on.

        An escape after another one is a character as any.
        """
        bare = text.rstrip(" \t")
        if not bare.endswith(self.escape) or bare.endswith(self.escape * 2):
            return text, False
        return bare[:-1], True

    def _read_directives(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for at in range(len(self._lines)):
            text = self._text(at).strip(SPACES)
            match = _DIRECTIVE.match(text)
            name = match[1].lower() if match else ""
            value = text[match.end() :].lstrip(SPACES) if match else ""
            if not value or name not in _DIRECTIVES:
                break
            if name in found:
                raise DockerfileError(
                    f"{PARSE}: only one {name} parser directive can be used", at + 1
                )
            if name == "escape" and value not in ("\\", "`"):
                raise DockerfileError(
                    f"{PARSE}: invalid escape token '{value}' does not match ` or \\", at + 1
                )
            found[name] = value
            self._at = at + 1
        return found

    def _check_lengths(self) -> None:
        for number, line in enumerate(self._lines, 1):
            if len(line) > _LONGEST_LINE:
                raise DockerfileError(
                    f"{PARSE}: dockerfile line greater than max allowed size of {_LONGEST_LINE}",
                    number,
                )
