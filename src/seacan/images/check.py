"""Checking a store: every blob, layer, image and reference is read, and compared with the others.

    blobs        have the digest that they are named by
    layers       are in their directory what their archive says, file by file
    images       have their config, manifest and layers, and these fit together
    references   are names, of images that are there
    indexes      of references have their documents, and name what is written down of them
    and nothing is there that belongs to none of them

What is on its way in or out meanwhile is no fault: all is kept while the check runs, and what is
there beyond the rows counts only if nobody was adding when it was looked at.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec
from msgspec import field

from seacan.errors import InvalidArgument, SeacanError
from seacan.images import documents, indexes, references
from seacan.images.comparison import differences
from seacan.images.compression import Decompressed
from seacan.images.layers import chain_ids
from seacan.images.store import Store
from seacan.images.streams import Watched, buffered, chunks

_MOST_DIFFERENCES: Final = 10  # told of one layer


class Checked(msgspec.Struct):
    """What was looked at."""

    blobs: int = 0
    layers: int = 0
    images: int = 0
    references: int = 0


class _LayerRow(NamedTuple):
    number: int
    chain_id: str


class _ImageRow(NamedTuple):
    id: str
    manifest: str


class _Rows(msgspec.Struct):
    """The tables, as of one moment."""

    images: list[_ImageRow]
    layers: list[_LayerRow]
    layers_of: dict[str, list[_LayerRow]] = field(default_factory=dict)
    blobs_of: dict[str, set[str]] = field(default_factory=dict)
    names: list[tuple[str, str]] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    manifests_of: dict[str, list[str]] = field(default_factory=dict)  # of an index, in its order


def check(store: Store, checked: Checked) -> Iterator[str]:
    """Yield what is wrong, a line each; count in `checked` what was looked at."""
    with store.adding():
        yield from store.leftovers()
        with store.database.reading() as sql:
            problems = list(_database(sql))
            rows = _read(sql)
        yield from problems
        yield from _Check(store, rows, checked).run()


def _database(sql: sqlite3.Connection) -> Iterator[str]:
    for (text,) in sql.execute("PRAGMA integrity_check"):
        if text != "ok":
            yield f"database: {text}"
    for table, row, other, _ in sql.execute("PRAGMA foreign_key_check"):
        yield f"database: row {row} of {table} refers to nothing in {other}"


def _read(sql: sqlite3.Connection) -> _Rows:
    rows = _Rows(
        images=[_ImageRow(*row) for row in sql.execute("SELECT id, manifest FROM images")],
        layers=[_LayerRow(*row) for row in sql.execute("SELECT number, chain_id FROM layers")],
        names=sql.execute("SELECT name, image FROM image_references").fetchall(),
    )
    for (index,) in sql.execute("SELECT DISTINCT index_digest FROM reference_indexes"):
        rows.indexes.append(index)
    for index, manifest in sql.execute(
        "SELECT index_digest, manifest FROM index_manifests ORDER BY index_digest, position"
    ):
        rows.manifests_of.setdefault(index, []).append(manifest)
    for index, digest in sql.execute("SELECT index_digest, digest FROM index_blobs"):
        rows.blobs_of.setdefault(index, set()).add(digest)
    for image, *row in sql.execute(
        "SELECT image, number, chain_id FROM image_layers JOIN layers ON layer = number"
        " ORDER BY image, position"
    ):
        rows.layers_of.setdefault(image, []).append(_LayerRow(*row))
    for image, digest in sql.execute("SELECT image, digest FROM image_blobs"):
        rows.blobs_of.setdefault(image, set()).add(digest)
    return rows


class _Check:
    def __init__(self, store: Store, rows: _Rows, checked: Checked) -> None:
        self._store = store
        self._rows = rows
        self._checked = checked
        self._compared: set[int] = set()  # layers by number

    def run(self) -> Iterator[str]:
        for digest in sorted(self._store.blobs.digests()):
            self._checked.blobs += 1
            yield from self._blob(digest)
        for image in self._rows.images:
            self._checked.images += 1
            try:
                yield from self._image(image)
            except SeacanError as err:
                yield f"image {image.id}: {err}"
        for layer in self._rows.layers:
            self._checked.layers += 1
            if not self._store.layers.path(layer.number).is_dir():
                yield f"layer {layer.number} ({layer.chain_id}): its directory is missing"
        for name, image_id in self._rows.names:
            self._checked.references += 1
            yield from self._reference(name, image_id)
        for digest in self._rows.indexes:
            try:
                yield from self._index(digest)
            except SeacanError as err:
                yield f"index {digest}: {err}"

    def _blob(self, digest: str) -> Iterator[str]:
        try:
            with open(self._store.blobs.path(digest), "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return  # removed since it was listed
        except OSError as err:
            yield f"blob {digest}: {err.strerror}"
            return
        if digest != f"sha256:{found}":
            yield f"blob {digest}: its content has the digest sha256:{found}"

    def _image(self, image: _ImageRow) -> Iterator[str]:
        config = documents.image_config(self._store.blobs.read(image.id, documents.LIMIT_BYTES))
        data = self._store.blobs.read(image.manifest, documents.LIMIT_BYTES)
        manifest = documents.manifest(data)
        described = [manifest["config"], *manifest["layers"]]
        needed = {image.manifest, *(descriptor["digest"] for descriptor in described)}
        if manifest["config"]["digest"] != image.id:
            yield f"image {image.id}: its manifest is of {manifest['config']['digest']}"
        for digest in needed ^ self._rows.blobs_of.get(image.id, set()):
            yield f"image {image.id}: blob {digest} is in one of its manifest and its rows alone"
        for descriptor in described:
            digest = descriptor["digest"]
            if not self._store.blobs.has(digest):
                yield f"image {image.id}: blob {digest} is missing"
            elif self._store.blobs.size_bytes(digest) != descriptor["size"]:
                yield f"image {image.id}: blob {digest} has another size than its manifest says"
        layers, diff_ids = self._rows.layers_of.get(image.id, []), documents.diff_ids(config)
        if [layer.chain_id for layer in layers] != chain_ids(diff_ids):
            yield f"image {image.id}: its layers are not those of its config"
            return
        for layer, diff_id, blob in zip(layers, diff_ids, manifest["layers"], strict=True):
            yield from self._layer(layer, diff_id, blob["digest"])

    def _layer(self, layer: _LayerRow, diff_id: str, blob: str) -> Iterator[str]:
        if layer.number in self._compared or not self._store.blobs.has(blob):
            return
        self._compared.add(layer.number)
        root = self._store.layers.path(layer.number)
        if not root.is_dir():
            return  # told of with the layers
        name = f"layer {layer.number} ({layer.chain_id})"
        digest = hashlib.sha256()
        try:
            with self._store.blobs.open_blob(blob) as file:
                archive = buffered(Watched(Decompressed(file), digest.update))
                told = list(islice(differences(archive, str(root)), _MOST_DIFFERENCES + 1))
                for _ in chunks(archive):
                    pass
        except (InvalidArgument, OSError) as err:
            yield f"{name}: {err}"
            return
        if f"sha256:{digest.hexdigest()}" != diff_id:
            yield f"{name}: its archive is not that of the diff id {diff_id}"
        yield from (f"{name}: {text}" for text in told[:_MOST_DIFFERENCES])
        if len(told) > _MOST_DIFFERENCES:
            yield f"{name}: and more"

    def _index(self, digest: str) -> Iterator[str]:
        kept = self._rows.blobs_of.get(digest, set())
        for blob in sorted(kept):
            if not self._store.blobs.has(blob):
                yield f"index {digest}: blob {blob} is missing"
        index = indexes.read(self._store.blobs, digest)
        if [*index.manifests] != self._rows.manifests_of.get(digest, []):
            yield f"index {digest}: what is written down of it is not what it names"
        if not kept <= index.blobs:
            yield f"index {digest}: a document is kept for it that it does not need"

    def _reference(self, name: str, image_id: str) -> Iterator[str]:
        try:
            references.parse(name)
        except InvalidArgument as err:
            yield f"reference {name!r}: {err}"
        if not any(image.id == image_id for image in self._rows.images):
            yield f"reference {name!r}: image {image_id} is missing"
