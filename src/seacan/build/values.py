"""Instructions with values for their variables: which of their words have any."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from seacan.build.dockerfile import expansion
from seacan.build.dockerfile.errors import Misplaced
from seacan.build.dockerfile.expansion import Lexer
from seacan.build.dockerfile.instructions import (
    Add,
    Copy,
    Document,
    Env,
    Expose,
    Instruction,
    Label,
    Pair,
    Stopsignal,
    User,
    Volume,
    Workdir,
)

_Files = TypeVar("_Files", Add, Copy)


class Expander(msgspec.Struct, frozen=True):
    """Gives words the values of variables; `unset` is told which had none."""

    lexer: Lexer
    values: Mapping[str, str]
    unset: Callable[[str], None] = lambda _: None

    def word(self, text: str) -> str:
        """Return `text` with values, and without quotes. Raises InvalidArgument."""
        return self._told(expansion.expand(self.lexer, text, self.values))

    def words(self, text: str) -> list[str]:
        """Return the words that `text` becomes. Raises InvalidArgument."""
        self.word(text)
        return expansion.split(self.lexer, text, self.values)

    def document(self, text: str) -> str:
        """Return `text` with values; quotes are its own. Raises InvalidArgument."""
        lexer = replace(self.lexer, escape="\\", has_quotes=False)
        return self._told(expansion.expand(lexer, text, self.values))

    def _told(self, found: expansion.Expanded) -> str:
        for name in sorted(found.unset):
            self.unset(name)
        return found.text


def with_values(instruction: Instruction, expander: Expander) -> Instruction:
    """Return the instruction as it is to be done. Raises InvalidArgument.

    ARG is not among them, since a default is not looked at if there is a value; nor are RUN, CMD,
    ENTRYPOINT and HEALTHCHECK, whose variables are the shell's; for RUN --mount see mounts.py.
    """
    word = expander.word
    match instruction:
        case Env(pairs=pairs) | Label(pairs=pairs):
            return replace(instruction, pairs=tuple(_pair(pair, word) for pair in pairs))
        case Copy():
            return _files(instruction, expander)
        case Add(checksum=checksum):
            return replace(_files(instruction, expander), checksum=word(checksum))
        case Expose(ports=ports):
            found = [port for text in ports for port in expander.words(text)]
            return replace(instruction, ports=tuple(found))
        case Volume(paths=paths):
            return replace(instruction, paths=tuple(word(path) for path in paths))
        case User(user=user):
            return replace(instruction, user=word(user))
        case Workdir(path=path):
            return replace(instruction, path=word(path))
        case Stopsignal(signal=signal):
            return replace(instruction, signal=word(signal))
    return instruction


def _pair(pair: Pair, word: Callable[[str], str]) -> Pair:
    return replace(pair, name=word(pair.name), value=word(pair.value))


def _files(instruction: _Files, expander: Expander) -> _Files:
    word = expander.word
    chown, chmod = word(instruction.chown), word(instruction.chmod)
    # With --chmod it is a copy like others, as with BuildKit: Dockerfiles have both, with places
    # that a link of the base leads to.
    is_linked = instruction.is_linked and not chmod
    return replace(
        instruction,
        paths=tuple(word(path) for path in instruction.paths),
        documents=tuple(_document(each, expander) for each in instruction.documents),
        destination=word(instruction.destination),
        chown=_numbers(chown) if is_linked else chown,
        chmod=chmod,
        is_linked=is_linked,
    )


def _numbers(chown: str) -> str:
    """Return an owner that can be told without a stage's accounts; only root has a name then."""
    numbers = ["0" if part == "root" else part for part in chown.split(":", 1)]
    for part in numbers:
        if part and not (part.isascii() and part.isdecimal()):
            raise Misplaced(
                f"invalid chown flag with --link: {part} is not a number, and a linked layer "
                "knows no accounts of the stage",
                chown,
            )
    return ":".join(numbers)


def _document(document: Document, expander: Expander) -> Document:
    if not document.is_expanded:
        return document
    return replace(document, content=expander.document(document.content))
