"""Layers unpacked: directories for overlayfs, each stored once however many images have it.

    DIRECTORY/N/fs        layer N's files, N its row
    DIRECTORY/.new-*/     being unpacked
    DIRECTORY/.gone-*/    being removed

A layer is known by its chain id, the digest over it and all below it. Its row is written in the
transaction that its directory gets its name in; so after a crash a directory may be without a row,
and is removed by collect_leftovers(), but no row is without its whole directory.
"""

import hashlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from seacan import log
from seacan.errors import InvalidArgument, NotFound
from seacan.files import sync_directory
from seacan.images import indexes
from seacan.images.compression import Decompressed
from seacan.images.database import Database
from seacan.images.streams import Watched, buffered, chunks
from seacan.images.trees import remove_tree
from seacan.images.unpack import unpack
from seacan.kernel import syscalls

_MOST_LAYERS: Final = 125  # as dockerd: an overlay's options are to fit into a page
_NEW: Final = ".new-"
_GONE: Final = ".gone-"
_UNUSED: Final = """
    number NOT IN (SELECT layer FROM image_layers) AND number NOT IN (SELECT layer FROM layer_holds)
    AND number NOT IN (SELECT layer FROM build_results WHERE layer IS NOT NULL)
"""

_OF_IMAGES: Final = """
    number IN (SELECT layer FROM image_layers UNION SELECT layer FROM layer_holds)
"""


class Layer(msgspec.Struct, frozen=True):
    number: int
    chain_id: str
    size_bytes: int  # of its files


class Layers:
    def __init__(self, directory: Path, database: Database) -> None:
        self._directory = directory
        self._database = database
        self._locks = _Locks()

    def open(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, number: int) -> Path:
        """Return the directory of layer `number`'s files."""
        return self._directory / str(number) / "fs"

    def sync(self) -> None:
        """Make all layers durable, and with them whatever else is on their file system."""
        fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            syscalls.syncfs(fd)
        finally:
            os.close(fd)

    def find(self, chain_id: str) -> Layer | None:
        with self._database.reading() as sql:
            row = sql.execute(
                "SELECT number, chain_id, size_bytes FROM layers WHERE chain_id = ?", (chain_id,)
            ).fetchone()
        return Layer(*row) if row else None

    def add(self, chain_id: str, diff_id: str, archive: BinaryIO, *, digest: str = "") -> Layer:
        """Return layer `chain_id`, unpacked from its tar archive (compressed or not) if it is new.

        `digest` is the archive's as it comes, if the caller has verified that.
        Raises InvalidArgument if the archive is malformed, or its diff id is another.
        """
        with self._locks.hold(chain_id):
            if layer := self.find(chain_id):
                return layer
            temporary = Path(tempfile.mkdtemp(prefix=_NEW, dir=self._directory))
            try:
                size_bytes = _unpack_verified(archive, diff_id, temporary / "fs", digest=digest)
                return self._register(chain_id, size_bytes, temporary)
            except BaseException:
                remove_tree(temporary)
                raise

    def adopt(self, chain_id: str, size_bytes: int, directory: Path) -> Layer:
        """Return layer `chain_id`; if it is new, of the files in `directory`, which is moved here.

        They are what overlayfs wrote to an upper directory on this file system, and as their
        archive has them, times too.
        """
        with self._locks.hold(chain_id):
            if layer := self.find(chain_id):
                return layer
            temporary = Path(tempfile.mkdtemp(prefix=_NEW, dir=self._directory))
            try:
                os.rename(directory, temporary / "fs")
                return self._register(chain_id, size_bytes, temporary)
            except BaseException:
                remove_tree(temporary)
                raise

    def _register(self, chain_id: str, size_bytes: int, temporary: Path) -> Layer:
        """Give the layer a number, and its directory the name of it."""
        with self._database.transaction() as sql:
            number = sql.execute(
                "INSERT INTO layers (chain_id, size_bytes) VALUES (?, ?)", (chain_id, size_bytes)
            ).lastrowid
            assert number is not None
            # A commit that failed may have left this one; it has no row.
            remove_tree(self._directory / str(number))
            os.rename(temporary, self._directory / str(number))
            sync_directory(self._directory)
        return Layer(number, chain_id, size_bytes)

    def hold(self, holder: str, image_id: str) -> None:
        """Keep the layers of an image until `holder`, a container, releases them.

        Durable with the row of the container, which comes next. Raises NotFound if the image was
        removed meanwhile.
        """
        with self._database.transaction_with_next() as sql:
            if not sql.execute("SELECT 1 FROM images WHERE id = ?", (image_id,)).fetchone():
                raise NotFound(f"No such image: {image_id}")
            sql.execute(
                "INSERT OR REPLACE INTO layer_holds (holder, position, layer)"
                " SELECT ?, position, layer FROM image_layers WHERE image = ?",
                (holder, image_id),
            )

    def release(self, holder: str) -> None:
        """Let go of the layers; what a power cut brings back, the next start lets go of again."""
        with self._database.transaction_with_next() as sql:
            sql.execute("DELETE FROM layer_holds WHERE holder = ?", (holder,))

    def held(self, holder: str) -> list[int]:
        """Return the numbers of the layers that `holder` holds, the lowest first."""
        with self._database.reading() as sql:
            rows = sql.execute(
                "SELECT layer FROM layer_holds WHERE holder = ? ORDER BY position", (holder,)
            ).fetchall()
        return [number for (number,) in rows]

    def held_bytes(self, holder: str) -> int:
        """Return the size of the layers that `holder` holds."""
        with self._database.reading() as sql:
            (total,) = sql.execute(
                "SELECT coalesce(sum(size_bytes), 0) FROM layers"
                " JOIN layer_holds ON layer = number WHERE holder = ?",
                (holder,),
            ).fetchone()
        return int(total)

    def holders(self) -> list[str]:
        """Return who holds layers."""
        with self._database.reading() as sql:
            rows = sql.execute("SELECT DISTINCT holder FROM layer_holds").fetchall()
        return [holder for (holder,) in rows]

    def sizes(self) -> dict[int, int]:
        """Return the size of each layer in bytes, by its number."""
        with self._database.reading() as sql:
            return dict(sql.execute("SELECT number, size_bytes FROM layers").fetchall())

    def sizes_by_chain_id(self) -> dict[str, int]:
        """Return the size of each layer in bytes, by its chain id."""
        with self._database.reading() as sql:
            return dict(sql.execute("SELECT chain_id, size_bytes FROM layers").fetchall())

    def total_bytes(self, *, with_cache: bool) -> int:
        """Return the size of all layers together, with those that builds alone remember or not."""
        which = "1" if with_cache else _OF_IMAGES
        query = f"SELECT coalesce(sum(size_bytes), 0) FROM layers WHERE {which}"
        with self._database.reading() as sql:
            (total,) = sql.execute(query).fetchone()
        return int(total)

    def forget_unused(self) -> list[Path]:
        """Drop the layers that nobody uses; return directories for remove_tree()."""
        with self._database.transaction() as sql:
            unused = [
                number for (number,) in sql.execute(f"SELECT number FROM layers WHERE {_UNUSED}")
            ]
            sql.execute(f"DELETE FROM layers WHERE {_UNUSED}")
        return [self._set_aside(self._directory / str(number)) for number in unused]

    def collect_leftovers(self) -> None:
        """Remove what a crash left half made or half removed, and rows whose directory is lost."""
        for path in self.leftovers():
            remove_tree(path)
        lost = [number for number in self.sizes() if not self.path(number).is_dir()]
        if lost:
            self._forget_lost(lost)

    def leftovers(self) -> list[Path]:
        """Return the directories that are of no layer."""
        known = {str(number) for number in self.sizes()}
        return sorted(path for path in self._directory.iterdir() if path.name not in known)

    def _forget_lost(self, numbers: list[int]) -> None:
        marks = ",".join("?" * len(numbers))
        of_lost = f"SELECT image FROM image_layers WHERE layer IN ({marks})"
        with self._database.transaction() as sql:
            images = [image for (image,) in sql.execute(of_lost, numbers)]
            indexes.hand_over(sql, images)
            sql.execute(f"DELETE FROM images WHERE id IN ({of_lost})", numbers)
            sql.execute(f"DELETE FROM layer_holds WHERE layer IN ({marks})", numbers)
            sql.execute(f"DELETE FROM build_results WHERE layer IN ({marks})", numbers)
            sql.execute(f"DELETE FROM layers WHERE number IN ({marks})", numbers)
        log.warn("layers are lost, and so are their images", layers=numbers, images=images)

    def _set_aside(self, path: Path) -> Path:
        gone = self._directory / f"{_GONE}{path.name}-{os.urandom(4).hex()}"
        path.rename(gone)
        return gone


def check_depth(count: int) -> None:
    """Raise InvalidArgument, in dockerd's words, if an image cannot have so many layers."""
    if count > _MOST_LAYERS:
        raise InvalidArgument("max depth exceeded")


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """Return the chain id of each layer, the lowest first. Source: OCI config.md, Layer ChainID."""
    chain: list[str] = []
    for diff_id in diff_ids:
        below = f"{chain[-1]} " if chain else ""
        digest = hashlib.sha256(f"{below}{diff_id}".encode()).hexdigest()
        chain.append(f"sha256:{digest}" if chain else diff_id)
    return chain


def unused_after(sql: sqlite3.Connection, image_id: str) -> list[str]:
    """Return the chain ids of an image's layers that only it uses, the highest first."""
    rows = sql.execute(
        "SELECT DISTINCT chain_id FROM image_layers JOIN layers ON layer = number WHERE image = ?1"
        " AND layer NOT IN (SELECT layer FROM image_layers WHERE image != ?1)"
        " AND layer NOT IN (SELECT layer FROM layer_holds)"
        " AND layer NOT IN (SELECT layer FROM build_results WHERE layer IS NOT NULL)"
        " ORDER BY position DESC",
        (image_id,),
    )
    return [chain_id for (chain_id,) in rows]


def check_diff_id(archive: BinaryIO, diff_id: str) -> None:
    """Read a layer's archive, compressed or not. Raises InvalidArgument for another diff id."""
    digest = hashlib.sha256()
    for chunk in chunks(Decompressed(archive)):
        digest.update(chunk)
    _compare(digest.hexdigest(), diff_id)


def _unpack_verified(archive: BinaryIO, diff_id: str, directory: Path, *, digest: str) -> int:
    """Unpack into a new directory; the diff id is over all of the archive, padding too."""
    directory.mkdir()
    directory.chmod(0o755)
    decompressed = Decompressed(archive)
    if digest == diff_id and not decompressed.compression:
        return _unpack_into(buffered(decompressed), directory)
    unpacked = hashlib.sha256()
    stream = buffered(Watched(decompressed, unpacked.update))
    size_bytes = _unpack_into(stream, directory)
    for _ in chunks(stream):
        pass
    _compare(unpacked.hexdigest(), diff_id)
    return size_bytes


def _compare(digits: str, diff_id: str) -> None:
    if f"sha256:{digits}" != diff_id:
        raise InvalidArgument(f"invalid layer: expected diff id {diff_id}, got sha256:{digits}")


def _unpack_into(stream: BinaryIO, directory: Path) -> int:
    root_fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return unpack(stream, root_fd)
    finally:
        os.close(root_fd)


class _Locks:
    """A lock for each name, while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        with self._guard:
            lock, users = self._locks.get(name, (threading.Lock(), 0))
            self._locks[name] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._locks.pop(name)
                if users > 1:
                    self._locks[name] = (lock, users - 1)
