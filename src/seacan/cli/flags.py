"""Flags of a command, read by pflag's rules, since Docker's users type them.

    --name VALUE  --name=VALUE  -n VALUE  -nVALUE  -n=VALUE    a flag with a value
    --switch  --switch=false  -s                               a switch never takes the next word
    -abc                                                       switches, the last may take a value
    --                                                         ends the flags

A command that runs another one (`run IMAGE COMMAND …`) stops at its first argument instead.
Source: spf13/pflag.
"""

from __future__ import annotations

from seacan.cli.values import Kind, go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


class FlagError(Exception):
    """A command line that the table of flags rules out; the text is pflag's."""


class UnknownFlag(FlagError):
    """There is no flag of that name; `known` are those that there are."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"unknown flag: --{name}")
        self.name = name
        self.known = known


class HelpAsked(Exception):
    """`--help` was among the flags."""


class Flag:
    """One flag of a command.

    `shown`: its default in the help, as there written; "" leaves it out. `deprecated`: what to use
    instead; such a flag works with a warning, and the help does not have it. `also`: an older name,
    which works and is not in the help either.
    """

    __slots__ = ("also", "deprecated", "kind", "name", "short", "shown", "summary")

    def __init__(
        self,
        name: str,
        short: str,
        kind: Kind,
        summary: str,
        *,
        shown: str = "",
        deprecated: str = "",
        also: str = "",
    ) -> None:
        self.name = name
        self.short = short
        self.kind = kind
        self.summary = summary
        self.shown = shown
        self.deprecated = deprecated
        self.also = also

    def __str__(self) -> str:
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


class Values:
    """The value of each flag of a table, given or default. Asking for an unknown one is KeyError.

    One reader for each type that a Kind makes; which is right stands in the table of flags.
    """

    def __init__(self, flags: Iterable[Flag]) -> None:
        self._values: dict[str, Any] = {flag.name: flag.kind.default() for flag in flags}
        self._given: set[str] = set()
        self.warnings: list[str] = []

    def set(self, flag: Flag, text: str) -> None:
        """Take one occurrence of `flag`. Raises FlagError if `text` is no value for it."""
        try:
            self._values[flag.name] = flag.kind.take(self._values[flag.name], text)
        except ValueError as err:
            raise FlagError(f'invalid argument {go_quote(text)} for "{flag}" flag: {err}') from err
        if flag.deprecated and flag.name not in self._given:
            self.warnings.append(f"Flag --{flag.name} has been deprecated, {flag.deprecated}")
        self._given.add(flag.name)

    def __contains__(self, name: str) -> bool:
        """Whether there is a flag of this name."""
        return name in self._values

    def is_given(self, name: str) -> bool:
        return name in self._given

    def on(self, name: str) -> bool:
        return self._values[name] is True

    def text(self, name: str) -> str:
        return str(self._values[name])

    def number(self, name: str) -> int:
        return int(self._values[name])

    def texts(self, name: str) -> list[str]:
        return list(self._values[name])

    def records(self, name: str) -> list[dict[str, Any]]:
        return list(self._values[name])

    def mapping(self, name: str) -> dict[str, Any]:
        return dict(self._values[name])


def parse(
    flags: Sequence[Flag], words: Sequence[str], *, stop_at_argument: bool = False
) -> tuple[Values, list[str]]:
    """Return the values of `flags` in `words`, and the arguments that are left.

    Raises FlagError, or HelpAsked for `--help`, and for `-h` where it means nothing else.
    """
    values = Values(flags)
    reader = _Reader(flags, list(words), values)
    arguments: list[str] = []
    while reader.words:
        word = reader.words.pop(0)
        if word == "--":
            return values, arguments + reader.words
        if word.startswith("--"):
            reader.read_long(word)
        elif word.startswith("-") and word != "-":
            reader.read_short(word)
        else:
            arguments.append(word)
            if stop_at_argument:
                return values, arguments + reader.words
    return values, arguments


class _Reader:
    def __init__(self, flags: Sequence[Flag], words: list[str], values: Values) -> None:
        self.words = words
        self._values = values
        self._by_name = {flag.name: flag for flag in flags}
        self._by_name |= {flag.also: flag for flag in flags if flag.also}
        self._by_short = {flag.short: flag for flag in flags if flag.short}

    def read_long(self, word: str) -> None:
        name, equals, text = word[2:].partition("=")
        if not name or name.startswith("-"):
            raise FlagError(f"bad flag syntax: {word}")
        flag = self._by_name.get(name)
        if flag is None:
            if name == "help":
                raise HelpAsked
            raise UnknownFlag(name, self._by_name)
        if not equals:
            text = self._implied_or_next(flag, f"--{name}")
        self._values.set(flag, text)

    def read_short(self, word: str) -> None:
        cluster = word[1:]
        while cluster:
            letter, rest = cluster[0], cluster[1:]
            flag = self._by_short.get(letter)
            if flag is None:
                if letter == "h":
                    raise HelpAsked
                raise FlagError(f"unknown shorthand flag: '{letter}' in -{cluster}")
            if len(rest) > 1 and rest[0] == "=":
                self._values.set(flag, rest[1:])
                return
            if flag.kind.implied is None and rest:
                self._values.set(flag, rest)
                return
            self._values.set(flag, self._implied_or_next(flag, f"'{letter}' in -{cluster}"))
            cluster = rest

    def _implied_or_next(self, flag: Flag, where: str) -> str:
        if flag.kind.implied is not None:
            return flag.kind.implied
        if not self.words:
            raise FlagError(f"flag needs an argument: {where}")
        return self.words.pop(0)
