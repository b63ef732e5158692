"""What a command reads: archives to send, lists of variables or labels."""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

PIECE_BYTES = 256 * 1024


def open_archive(name: str) -> BinaryIO:
    """Return the file `name`, or standard input for `-`."""
    try:
        return open(0 if name == "-" else name, "rb", buffering=0, closefd=name != "-")
    except OSError as err:
        raise open_error(name, err) from err


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of `file` as it can be read."""
    while piece := file.read(PIECE_BYTES):
        yield piece


def open_error(name: str, err: OSError) -> InvalidArgument:
    return InvalidArgument(f"open {name}: {(err.strerror or str(err)).lower()}")


def read_lines(
    names: Iterable[str], kind: str, complete: Callable[[str], str | None]
) -> Iterator[str]:
    """Yield the `NAME=value` lines of the files `names`; blank lines and those of `#` are skipped.

    `complete` makes a line of a bare NAME, or None to skip it. `kind` names the files in errors.
    Raises InvalidArgument for an unreadable file, or a line without a name.
    """
    for name in names:
        try:
            with open(name, encoding="utf-8-sig", newline="\n") as file:
                lines = file.read().split("\n")
        except OSError as err:
            raise open_error(name, err) from err
        except UnicodeDecodeError as err:
            raise InvalidArgument(f"invalid {kind} file ({name}): {err}") from err
        for line in lines:
            completed = _complete(
                line.removesuffix("\r").lstrip(), f"{kind} file ({name})", complete
            )
            if completed is not None:
                yield completed


def _complete(line: str, where: str, complete: Callable[[str], str | None]) -> str | None:
    if not line or line.startswith("#"):
        return None
    name, equals, _ = line.partition("=")
    if not name:
        raise InvalidArgument(f"invalid {where}: no variable name on line '{line}'")
    if any(blank in name.rstrip() if not equals else blank in name for blank in " \t"):
        raise InvalidArgument(f"invalid {where}: variable '{name}' contains whitespaces")
    return line if equals else complete(name.rstrip())


def environment_of(files: Iterable[str], given: Iterable[str]) -> list[str]:
    """Return the variables of --env-file, then of --env; a bare NAME in a file is the client's."""

    def own(name: str) -> str | None:
        return f"{name}={os.environ[name]}" if name in os.environ else None

    return [*read_lines(files, "env", own), *given]


def labels_of(files: Iterable[str], given: Iterable[str]) -> dict[str, str]:
    """Return the labels of --label-file, then of --label; one without a value is empty."""
    lines = [*read_lines(files, "label", lambda name: name), *given]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}
