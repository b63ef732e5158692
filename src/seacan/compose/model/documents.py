"""The documents of compose files, each file read once in a run.

PyYAML takes longer to import than all else that compose does with a file, so documents are kept for
the next run (kept_documents.py), without the lines of their values: those are for errors, for which
a file is read again.
"""

from __future__ import annotations

import os

from seacan.compose.model import kept_documents
from seacan.compose.model.remote_files import is_remote
from seacan.errors import InvalidArgument
from seacan.files import read_named
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.compose.model.remote_files import RemoteFiles

Path = tuple[str, ...]

STDIN = "-"
LIMIT_BYTES = 16 * 1024 * 1024


@record
class Document:
    """`value`: of dicts, lists, texts, numbers. `reset`: paths to forget of earlier files."""

    value: Any
    reset: list[Path]


class Documents:
    """The documents of all files of a run, also of those that come from elsewhere."""

    def __init__(self, remote_files: RemoteFiles) -> None:
        self._remote_files = remote_files
        self._texts: dict[str, bytes] = {}
        self._documents: dict[str, list[Document]] = {}

    def of(self, file: str) -> list[Document]:
        """Return those in `file`. Raises InvalidArgument if it cannot be read, or is no YAML."""
        if file not in self._documents:
            text = self._texts[file] = _content(file)
            kept = None if file == STDIN else kept_documents.find(text)
            self._documents[file] = self._read(file) if kept is None else _from_kept(kept)
        return self._documents[file]

    def place(self, path: str, directory: str = "") -> str:
        """Return the file that `path`, taken from `directory`, names here. Raises SeacanError."""
        if path == STDIN:
            return path
        if is_remote(path):
            return self._remote_files.local(path)
        return os.path.abspath(os.path.join(directory, os.path.expanduser(path)))

    def _read(self, file: str) -> list[Document]:
        from seacan.compose.model.yaml_reader import read

        documents = [document for document, _ in read(self._texts[file], file)]
        if file != STDIN:
            kept = [[document.value, document.reset] for document in documents]
            kept_documents.keep(self._texts[file], kept)
        return documents

    def lines(self, file: str) -> list[dict[Path, int]]:
        """Return the line of each value, by its path, of each document in `file`."""
        from seacan.compose.model.yaml_reader import read

        return [lines for _, lines in read(self._texts[file], file)]


def _from_kept(kept: list[Any]) -> list[Document]:
    return [Document(value, [tuple(path) for path in reset]) for value, reset in kept]


def _content(file: str) -> bytes:
    try:
        if file != STDIN:
            return read_named(file, LIMIT_BYTES)
        with open(0, "rb", closefd=False) as opened:
            data = opened.read(LIMIT_BYTES + 1)
    except OSError as err:
        raise InvalidArgument(f"open {file}: {(err.strerror or str(err)).lower()}") from err
    if len(data) > LIMIT_BYTES:
        raise InvalidArgument(f"standard input is longer than {LIMIT_BYTES} bytes")
    return data
