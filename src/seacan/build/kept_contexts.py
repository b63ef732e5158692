"""Contents that clients have sent as parts of contexts, kept so that they need not send them again.

    DIRECTORY/NAME/contents      one after the other, in the order that they came in
    DIRECTORY/NAME/files.json    path → what was at it: clients of BuildKit tell no digests
    DIRECTORY/NAME/index.json    digest → where in it

A context is found by its key alone, which its client has chosen, and NAME is a digest of that: so
nobody gets at contents by their digests without having sent them. The index is written after the
contents are durable: what is killed before leaves contents that the index does not speak of.
"""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import field

from seacan.errors import NotFound
from seacan.files import write_atomic
from seacan.images.trees import remove_tree

_CONTENTS: Final = "contents"
_FILES: Final = "files.json"
_INDEX: Final = "index.json"
_SPARE_BYTES: Final = 64 << 20  # beyond twice what a context needs, it begins anew

Places = dict[str, tuple[int, int]]  # of a digest: offset and size in bytes
_PLACES: Final = msgspec.json.Decoder(Places)


class KeptFile(NamedTuple):
    """A file as it was when its content came."""

    size_bytes: int
    mtime_ns: int
    digest: str


_KEPT_FILES: Final = msgspec.json.Decoder(dict[str, KeptFile])
_SPARE_FILES: Final = 10_000  # that a context has no more, beside as many as it has


class ContextGone(NotFound):
    """What a client relies on is not kept: it is to send all."""


class KeptRecord(msgspec.Struct, frozen=True):
    """Times are seconds since 1970."""

    name: str
    size_bytes: int
    made_at: float  # when the last content came
    used_at: float


class KeptContext(msgspec.Struct):
    """One while it is in use. Its methods may be called from any thread."""

    directory: Path
    contents: FileIO
    _places: Places
    _end: int  # where the next content goes
    needed_bytes: int  # by the context that was the last to come
    _files: dict[str, KeptFile] = field(default_factory=dict)  # by path
    users: int = 0
    _has_new: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_wasteful(self) -> bool:
        return self._end > 2 * self.needed_bytes + _SPARE_BYTES

    def find(self, digest: str, size_bytes: int) -> int | None:
        """Return the offset of a content; None if it is not here."""
        offset, length = self._places.get(digest, (0, -1))
        return offset if length == size_bytes else None

    def reserve(self, size_bytes: int) -> int:
        """Return the offset at which so much may be written."""
        with self._lock:
            offset = self._end
            self._end += size_bytes
        return offset

    def add(self, places: Mapping[str, tuple[int, int]], needed_bytes: int) -> None:
        """Let what was written be found, by other contexts as well."""
        with self._lock:
            if places:
                self._places = {**self._places, **places}
                self._has_new = True
            self.needed_bytes = needed_bytes

    def find_file(self, path: str, size_bytes: int, mtime_ns: int) -> tuple[int, str] | None:
        """Return offset and digest of a file that has not changed since it came."""
        file = self._files.get(path)
        if file is None or (file.size_bytes, file.mtime_ns) != (size_bytes, mtime_ns):
            return None
        offset = self.find(file.digest, size_bytes)
        return None if offset is None else (offset, file.digest)

    def add_files(self, files: Mapping[str, KeptFile], offsets: Mapping[str, int]) -> None:
        """Let files be found by what they are; of digests that came, `offsets` are theirs.

        They may be a part of the context: others are found as before.
        """
        with self._lock:
            known = {**self._files, **files}
            self._files = known if len(known) < 2 * len(files) + _SPARE_FILES else {**files}
            sizes = {file.digest: file.size_bytes for file in self._files.values()}
        places = {digest: (offset, sizes[digest]) for digest, offset in offsets.items()}
        self.add(places, sum(sizes.values()))

    def save(self) -> None:
        """Have the next daemon find all, too; blocks until what is new of it is durable."""
        with self._lock:
            if not self._has_new:
                return
            self._has_new = False
            data, files = msgspec.json.encode(self._places), msgspec.json.encode(self._files)
        os.fdatasync(self.contents.fileno())
        with suppress(FileNotFoundError):  # it was pruned meanwhile: the next build sends all
            write_atomic(self.directory / _FILES, files)
            write_atomic(self.directory / _INDEX, data)


class KeptContexts:
    """Those of a data root. Every method may be called from any thread, and blocks."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._used: dict[str, KeptContext] = {}

    def remove_leftovers(self) -> None:
        """Remove what a crash left without an index."""
        for path in self._directory.iterdir():
            if not (path / _INDEX).exists():
                remove_tree(path)

    @contextmanager
    def use(self, key: str) -> Iterator[KeptContext]:
        """Give the context of a key; it is a new one if there is none."""
        name = hashlib.sha256(key.encode()).hexdigest()
        with self._lock:
            kept = self._used.get(name)
            if kept is None:
                kept = self._used[name] = _open(self._directory / name)
            kept.users += 1
        try:
            yield kept
        finally:
            with self._lock:
                kept.users -= 1
                if not kept.users:
                    del self._used[name]
                    _close(kept)

    def records(self) -> list[KeptRecord]:
        found = []
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):  # new, or being removed
                index, contents = (path / _INDEX).stat(), (path / _CONTENTS).stat()
                times = (contents.st_mtime, index.st_mtime)
                found.append(KeptRecord(path.name, contents.st_blocks * 512, *times))
        return found

    def remove(self, name: str) -> None:
        """Remove one; a build that uses it ends as if it were there."""
        with self._lock:
            _remove(self._directory / name)


def _open(directory: Path) -> KeptContext:
    try:
        places = _PLACES.decode((directory / _INDEX).read_bytes())
        contents = open(directory / _CONTENTS, "r+b", buffering=0)  # noqa: SIM115
    except (FileNotFoundError, msgspec.DecodeError):
        if directory.exists():
            _remove(directory)
        directory.mkdir(mode=0o700)
        places, contents = {}, open(directory / _CONTENTS, "x+b", buffering=0)  # noqa: SIM115
    else:
        os.utime(directory / _INDEX)
    end = os.fstat(contents.fileno()).st_size
    return KeptContext(directory, contents, places, end, end, _read_files(directory))


def _read_files(directory: Path) -> dict[str, KeptFile]:
    try:
        return _KEPT_FILES.decode((directory / _FILES).read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _close(kept: KeptContext) -> None:
    kept.contents.close()
    if kept.is_wasteful or not (kept.directory / _INDEX).exists():
        _remove(kept.directory)


def _remove(directory: Path) -> None:
    # In this order: what has no index is not used again.
    (directory / _INDEX).unlink(missing_ok=True)
    remove_tree(directory)
