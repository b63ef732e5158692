"""cobra's protocol: `seacan __complete WORD…` prints what the last word may become.

    WORD<tab>what is said of it        a line each; __completeNoDesc leaves the second part out
    :DIRECTIVE                         bits: 1 it failed, 2 no blank after the word, 4 no file
                                       names, 16 only directories

The daemon is asked, but never started for it. Source: spf13/cobra, completions.go.
"""

from __future__ import annotations

from seacan.cli import flags as flag_parser
from seacan.cli.completion import candidates
from seacan.cli.completion.question import Question, read_line
from seacan.cli.global_flags import GLOBAL_FLAGS, session_of
from seacan.cli.session import Exit
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from seacan.cli.command import Command
    from seacan.cli.completion.candidates import Candidates
    from seacan.cli.session import Session

    Found = TypeVar("Found")

ANYTHING, FAILED, NO_SPACE, NO_FILES, ONLY_DIRECTORIES = 0, 1, 2, 4, 16


def run(words: Sequence[str], *, with_descriptions: bool) -> int:
    """Print the answer. What a half-written line has wrong is no error of this command."""
    try:
        found, directive = answer(words)
    except (SeacanError, Exit, flag_parser.FlagError, flag_parser.HelpAsked):
        found, directive = [], FAILED
    for word, text in found:
        print(f"{word}\t{text}" if with_descriptions and text else word)
    print(f":{directive}")
    return 0


def answer(words: Sequence[str]) -> tuple[list[tuple[str, str]], int]:
    """Return words, each with what is said of it, and the directive. Raises like its parts."""
    question = read_line(words)
    found, directive = _found(question)
    prefix = question.prefix
    given = set(question.arguments)
    matching = [each for each in found if each[0].startswith(prefix) and each[0] not in given]
    if any(word.endswith((":", "=")) for word, _ in matching):
        directive |= NO_SPACE
    return matching, directive


def _found(question: Question) -> tuple[Candidates, int]:
    if question.flags is not None:
        return _flag_words(question), NO_FILES
    if question.flag:
        if (answered := _of_compose(question, question.flag.name)) is not None:
            return answered
        values = candidates.FLAG_VALUES.get(question.flag.name, candidates.FILES)
        if callable(values):
            return _asked(question, values), NO_FILES
        return [], ONLY_DIRECTORIES if values == candidates.DIRECTORIES else ANYTHING
    words = [] if question.arguments else question.words
    if question.command is None:
        return words, NO_FILES
    command, given = question.command, question.arguments
    kind = candidates.arguments(command, given)
    if kind == candidates.FILES or (command.runs_another and given):
        return [], ANYTHING
    if kind.startswith(("SERVICE", "DEST_PATH")) and question.compose_words is not None:
        return _services(command, question.compose_words)
    names = _asked(question, lambda session: candidates.named(session, kind, command))
    return [*words, *names], NO_FILES


def _of_compose(question: Question, flag: str) -> tuple[Candidates, int] | None:
    """Return what the value of a flag may be that compose knows more of."""
    if question.compose_words is None:
        return None
    from seacan.cli.compose.candidates import Composed

    composed = Composed(question.compose_words)
    found = _with_session(question, lambda session: composed.value(session, flag))
    if isinstance(found, str):
        return [], ONLY_DIRECTORIES
    return None if found is None else (found, NO_FILES)


def _services(command: Command, compose_words: list[str]) -> tuple[Candidates, int]:
    from seacan.cli.compose.candidates import Composed

    composed = Composed(compose_words)
    if command.names[0] == "cp":
        return composed.services(":"), ANYTHING
    return composed.services("=" if command.names[0] == "scale" else ""), NO_FILES


def _flag_words(question: Question) -> Candidates:
    for flag in question.flags or []:
        yield f"--{flag.name}", flag.summary
        if flag.short and not question.prefix.startswith("--"):
            yield f"-{flag.short}", flag.summary


def _asked(question: Question, find: Callable[[Session], Candidates]) -> Candidates:
    return _with_session(question, lambda session: list(find(session)))


def _with_session(question: Question, find: Callable[[Session], Found]) -> Found:
    """Return what `find` finds with the daemon and the contexts that the line is about."""
    values, _ = flag_parser.parse(GLOBAL_FLAGS, question.global_words)
    session = session_of(values)
    session.starts_daemon = False
    try:
        return find(session)
    finally:
        session.close()
