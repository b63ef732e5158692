"""The directive and comment `# check=skip=RULE,RULE;error=true;experimental=all`."""

import re
from typing import Final

import msgspec

from seacan.build.lint.rules import Rule
from seacan.errors import InvalidArgument

_ALL: Final = "all"
_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_FALSE: Final = ("0", "f", "F", "FALSE", "false", "False")
_COMMENT: Final = re.compile(r"check\s*=\s*(\S+).*", re.IGNORECASE | re.ASCII)


class Options(msgspec.Struct, frozen=True):
    skipped: frozenset[str] = frozenset()  # titles of rules, or `all`
    experimental: frozenset[str] = frozenset()
    is_error: bool = False  # what is found lets the build fail

    def tells(self, rule: Rule) -> bool:
        chosen = self.experimental if rule.is_experimental else self.skipped
        is_named = rule.title in chosen or _ALL in chosen
        return is_named if rule.is_experimental else not is_named

    def merged(self, other: "Options") -> "Options":
        return Options(
            self.skipped | other.skipped, self.experimental | other.experimental, self.is_error
        )


def parse(text: str) -> Options:
    """Return what the directive says. Raises InvalidArgument."""
    skipped: frozenset[str] = frozenset()
    experimental: frozenset[str] = frozenset()
    is_error = False
    for part in text.strip().split(";", 2) if text.strip() else ():
        name, equals, value = part.partition("=")
        match name.strip() if equals else "":
            case "skip":
                skipped = _rules(value)
            case "experimental":
                experimental = _rules(value)
            case "error" if value.strip() in (*_TRUE, *_FALSE):
                is_error = value.strip() in _TRUE
            case "error":
                raise InvalidArgument(f'failed to parse check option "{part}"')
            case _:
                raise InvalidArgument(f'invalid check option "{name if equals else part}"')
    return Options(skipped, experimental, is_error)


def of_comments(comments: tuple[str, ...]) -> Options:
    """Return what the comments above an instruction say; nothing if it makes no sense."""
    for comment in comments:
        if match := _COMMENT.fullmatch(comment):
            try:
                return parse(match[1])
            except InvalidArgument:
                return Options()
    return Options()


def _rules(text: str) -> frozenset[str]:
    return frozenset(rule.strip() for rule in text.split(","))
