"""From the words before the cursor to what is asked for there.

    seacan [global flags] COMMAND [flags] [arguments]
            Flags | Value       Words  Flags | Value | Argument

The line is unfinished, so that nothing in it can be wrong but a flag that there is not.
"""

from __future__ import annotations

from seacan.cli.flags import Flag, FlagError
from seacan.cli.global_flags import GLOBAL_FLAGS
from seacan.cli.table.table import BY_SPELLING, COMMANDS, GROUPS, GROUPS_BY_NAME, in_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from seacan.cli.command import Command

HELP = Flag("help", "", GLOBAL_FLAGS[-1].kind, "Print usage")


class Question:
    """What is asked for: the value of `flag`, or one of `flags`, one of `words`, an argument.

    The last is the one after `arguments` of `command`. `global_words` are before all of it, and
    of compose's own, `compose_words` before the command; None if the line is not about compose.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.flag: Flag | None = None
        self.flags: list[Flag] | None = None
        self.words: list[tuple[str, str]] = []
        self.command: Command | None = None
        self.arguments: list[str] = []
        self.global_words: list[str] = []
        self.compose_words: list[str] | None = None


def read_line(words: Sequence[str]) -> Question:
    """Return what the last of `words` may become. Raises FlagError."""
    question = Question(words[-1] if words else "")
    globals_ = _Flags(GLOBAL_FLAGS, words[:-1], stops_at_argument=True)
    # The flag whose value is asked for has none yet.
    left = 1 + len(globals_.arguments) + bool(globals_.unfinished)
    question.global_words = list(words[: max(len(words) - left, 0)])
    if not globals_.arguments:
        if not _ask_for_flags(question, globals_):
            question.words = _first_words()
        return question
    rest = globals_.arguments
    for length in (2, 1):
        command = BY_SPELLING.get(" ".join(rest[:length]))
        if command and len(rest) >= length:
            is_ambiguous = length == 1 and len(rest) == 1 and in_group(rest[0])
            _ask_command(question, command, rest[length:])
            if is_ambiguous:
                question.words = in_group(rest[0])
            return question
    if len(rest) == 1 and rest[0] in GROUPS_BY_NAME:
        question.words = in_group(rest[0])
    elif rest[0] == "help" and len(rest) == 1:
        question.words = _first_words()
    return question


def _ask_command(question: Question, command: Command, words: Sequence[str]) -> None:
    module = __import__(command.module, fromlist=["FLAGS"])
    flags = _Flags([*module.FLAGS, HELP], words, stops_at_argument=command.runs_another)
    if command.names[0] == "compose":
        left = len(flags.arguments) + bool(flags.unfinished)
        question.compose_words = list(words[: len(words) - left])
    if _ask_for_flags(question, flags):
        return
    if command.names[0] == "compose":
        _ask_compose(question, flags.arguments)
        return
    question.command = command
    question.arguments = flags.arguments


def _ask_compose(question: Question, words: Sequence[str]) -> None:
    """Ask for one of its own commands, or what is asked for in that."""
    from seacan.cli.compose.table import BY_NAME, COMMANDS

    if not words:
        question.words = sorted((command.names[0], command.summary) for command in COMMANDS)
    elif words[0] in BY_NAME:
        _ask_command(question, BY_NAME[words[0]], words[1:])


def _ask_for_flags(question: Question, flags: _Flags) -> bool:
    """Return whether a flag or its value is asked for."""
    prefix = question.prefix
    if flags.unfinished:
        question.flag = flags.unfinished
    elif prefix.startswith("-") and not flags.has_ended:
        name, equals, value = prefix.partition("=")
        flag = flags.by_word.get(name) if equals else None
        if flag:
            question.flag, question.prefix = flag, value
        elif not equals:
            question.flags = flags.left()
    return bool(question.flag or question.flags is not None)


def _first_words() -> list[tuple[str, str]]:
    singles = [
        (command.names[0], command.summary)
        for command in COMMANDS
        if " " not in command.names[0] and not command.is_hidden
    ]
    groups = [(group.name, group.summary) for group in GROUPS]
    return sorted({*singles, *groups, ("help", "Help about a command")})


class _Flags:
    """The flags in `words`, which may be anything as long as pflag would go on reading."""

    def __init__(
        self, flags: Sequence[Flag], words: Sequence[str], *, stops_at_argument: bool
    ) -> None:
        self.by_word = {f"--{flag.name}": flag for flag in flags}
        self.by_word |= {f"-{flag.short}": flag for flag in flags if flag.short}
        self.arguments: list[str] = []
        self.unfinished: Flag | None = None  # its value comes next
        self.has_ended = False
        self._given: set[str] = set()
        self._flags = flags
        for at, word in enumerate(words):
            if self.unfinished:
                self.unfinished = None
            elif self.has_ended or not word.startswith("-") or word == "-":
                self.arguments.append(word)
                if stops_at_argument:
                    self.has_ended = True
                    self.arguments += words[at + 1 :]
                    return
            elif word == "--":
                self.has_ended = True
            else:
                self._read(word)

    def _read(self, word: str) -> None:
        name, equals, _ = word.partition("=")
        flags = [self._find(name)] if name.startswith("--") else []
        if not flags:
            # A cluster: all but the last are switches, or what follows is the value.
            for at, letter in enumerate(name[1:], 1):
                flags.append(self._find(f"-{letter}"))
                if flags[-1].kind.implied is None:
                    equals = equals or name[at + 1 :]
                    break
        self._given |= {flag.name for flag in flags}
        if flags[-1].kind.implied is None and not equals:
            self.unfinished = flags[-1]

    def _find(self, word: str) -> Flag:
        try:
            return self.by_word[word]
        except KeyError:
            raise FlagError(f"unknown flag: {word}") from None

    def left(self) -> list[Flag]:
        """Return the flags that may still come: those given once that take one value do not."""
        return [
            flag
            for flag in sorted(self._flags, key=lambda flag: flag.name)
            if not flag.deprecated
            and (flag.name not in self._given or isinstance(flag.kind.default(), list | dict))
        ]
