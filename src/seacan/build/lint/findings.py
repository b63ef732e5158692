"""What was found, and what of it is to be told."""

import msgspec

from seacan.build.dockerfile.instructions import Source
from seacan.build.lint import options as options_
from seacan.build.lint.options import Options
from seacan.build.lint.rules import Rule


class Finding(msgspec.Struct, frozen=True):
    rule: Rule
    message: str
    first_line: int
    last_line: int


class Findings:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._found: dict[Finding, None] = {}

    def add(self, rule: Rule, source: Source, message: str) -> None:
        """Take a finding, unless the file or a comment above the instruction skips its rule."""
        if self._options.merged(options_.of_comments(source.comments)).tells(rule):
            self._found[Finding(rule, message, source.first_line, source.last_line)] = None

    def add_line(self, rule: Rule, line: int, message: str) -> None:
        """Take a finding about one line."""
        if self._options.tells(rule):
            self._found[Finding(rule, message, line, line)] = None

    def all(self) -> list[Finding]:
        """Return them by line; one that is told twice, once."""
        return sorted(self._found, key=lambda each: each.first_line)
