"""PATH, URL or - → where the context is, and the Dockerfile."""

from __future__ import annotations

import hashlib
import os
import sys

from seacan.cli.build import directory
from seacan.cli.build.files import Files, Tree
from seacan.cli.input import open_archive, open_error, pieces_of
from seacan.errors import InvalidArgument
from seacan.records import record, replace
from seacan.spec import dockerignore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

DOCKERFILE = "Dockerfile"
_CHECKED = ".dockerfile"
_LIMIT_BYTES = 4 << 20
_MAGIC_BYTES = 512
# gzip, bzip2, xz, zstd; a tar says so at the end of its first header's fields.
_MAGICS = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_TAR_AT = 257
_URLS = ("http://", "https://", "git://", "github.com/", "git@", "ssh://")


@record
class Source:
    """A context to send, or the URL of one (`remote`).

    `files` are sent as they are; or `pieces`, an archive of others. `dockerfile`: its name in the
    context. `shown`: what it is called in messages.
    """

    files: Files | None = None
    pieces: Iterable[bytes] = ()
    dockerfile: str = DOCKERFILE
    shown: str = DOCKERFILE
    remote: str = ""
    text: bytes = b""  # the Dockerfile, if it is known here
    rules: bytes = b""  # the .dockerignore


def find(path: str, dockerfile: str) -> Source:
    """Return what PATH, URL or - means, with the Dockerfile of `-f`. Raises InvalidArgument."""
    if path == "-":
        if dockerfile == "-":
            raise InvalidArgument(
                "invalid argument: can't use stdin for both build context and dockerfile"
            )
        return _from_stdin(dockerfile or DOCKERFILE)
    if not os.path.isdir(path) and path.startswith(_URLS):
        return Source(remote=path, dockerfile=dockerfile or DOCKERFILE)
    return _from_directory(path, dockerfile)


def for_check(source: Source) -> Source:
    """Return the Dockerfile and the .dockerignore alone: all that a check looks at."""
    texts = {_CHECKED: source.text, directory.IGNORE_FILE: source.rules}
    return replace(source, files=Files((), texts), dockerfile=_CHECKED)


def _from_stdin(dockerfile: str) -> Source:
    file = open_archive("-")
    if sys.stdin.isatty():
        raise InvalidArgument("the context comes from standard input, and that is a terminal")
    start = _start_of(file)
    if start.startswith(_MAGICS) or start[_TAR_AT:].startswith(b"ustar"):
        return Source(pieces=_chained(start, file), dockerfile=dockerfile, shown=dockerfile)
    text = _text_of(_chained(start, file), "-")
    return Source(Files((), {DOCKERFILE: text}), text=text)


def _from_directory(path: str, dockerfile: str) -> Source:
    root = os.path.realpath(path)
    if not os.path.isdir(root):
        exists = os.path.exists(root)
        why = f'path "{path}" is no directory' if exists else f'path "{path}" not found'
        raise InvalidArgument(f"unable to prepare context: {why}")
    place = _place(root, dockerfile)
    text = _read(place)
    _, rules = directory.read_ignore_file(root, "" if place == "-" else place)
    ignored = dockerignore.parse(rules)
    trees = (Tree(root, ignored),)
    inside = os.path.relpath(place, root) if place.startswith(f"{root}/") else ""
    if inside and not ignored.is_excluded(inside):
        files = Files(trees, {})
        return Source(files, dockerfile=inside, shown=dockerfile or inside, text=text, rules=rules)
    # The daemon takes out of the context what a .dockerignore in it names: so it gets the
    # Dockerfile, and nobody can copy it.
    name = f".dockerfile.{hashlib.sha256(text).hexdigest()[:20]}"
    texts = {name: text, directory.IGNORE_FILE: _with_dockerfile(root, ignored, name)}
    shown = dockerfile or inside or DOCKERFILE
    return Source(Files(trees, texts), dockerfile=name, shown=shown, text=text, rules=rules)


def _with_dockerfile(root: str, ignored: dockerignore.Ignored, name: str) -> bytes:
    """Return the .dockerignore to send: what is in the context's, and the Dockerfile."""
    own = b""
    if not ignored.is_excluded(directory.IGNORE_FILE):
        _, own = directory.read_ignore_file(root, "")
    hidden = [name] if own else [name, directory.IGNORE_FILE]
    return b"\n".join([own, *(each.encode() for each in hidden)]).lstrip(b"\n") + b"\n"


def _place(root: str, dockerfile: str) -> str:
    """Return where the Dockerfile is, through all links, or `-`."""
    if dockerfile == "-":
        return "-"
    if dockerfile:
        return os.path.realpath(dockerfile)
    name = DOCKERFILE
    if not os.path.lexists(f"{root}/{name}") and os.path.lexists(f"{root}/{name.lower()}"):
        name = name.lower()
    place = os.path.realpath(f"{root}/{name}")
    if not place.startswith(f"{root}/"):
        raise InvalidArgument(
            f"unable to prepare context: the Dockerfile ({root}/{name}) must be within the build "
            "context"
        )
    return place


def _read(place: str) -> bytes:
    if place == "-":
        return _text_of(pieces_of(open_archive("-")), "-")
    try:
        with open(place, "rb", buffering=0) as file:
            return _text_of(pieces_of(file), place)
    except OSError as err:
        raise InvalidArgument(f"unable to prepare context: {open_error(place, err)}") from err


def _start_of(file: BinaryIO) -> bytes:
    start = b""
    while len(start) < _MAGIC_BYTES and (piece := file.read(_MAGIC_BYTES - len(start))):
        start += piece
    return start


def _text_of(pieces: Iterable[bytes], name: str) -> bytes:
    data = b"".join(_limited(pieces, name))
    if not data.strip():
        raise InvalidArgument(f"the Dockerfile ({name}) cannot be empty")
    return data


def _limited(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > _LIMIT_BYTES:
            raise InvalidArgument(f"the Dockerfile ({name}) is larger than {_LIMIT_BYTES} bytes")
        yield piece


def _chained(start: bytes, file: BinaryIO) -> Iterator[bytes]:
    yield start
    yield from pieces_of(file)
