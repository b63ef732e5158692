"""The store: blobs, layers and the rows that tie them to images.

What is on its way in belongs to no image yet. So whoever adds does it within adding(), from as many
threads as it likes, and nothing is collected until the last one has ended; then goes all that no
image and no container uses. Whoever reads blobs for long does it there too: they stay meanwhile.
"""

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, NamedTuple

from seacan.errors import Internal, NotFound
from seacan.images import documents, indexes, made, references
from seacan.images.blobs import Blobs
from seacan.images.database import Database
from seacan.images.image import ImageId
from seacan.images.layers import Layer, Layers, check_depth
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.trees import remove_tree
from seacan.paths import DataRoot
from seacan.spec.image import Descriptor

_REMOVERS: Final = min(4, os.cpu_count() or 1)


class ImageGone(NotFound):
    """Somebody has removed the image meanwhile."""


class WrittenImage(NamedTuple):
    """The documents of an image are in the store, its rows are not."""

    id: ImageId
    manifest_digest: str
    digests: set[str]
    layers: tuple[Layer, ...]


class Store:
    def __init__(self, root: DataRoot, *, as_found: bool = False) -> None:
        """Open the store under `root`; `as_found`: without clearing what a crash left."""
        self.database = Database(root.database)
        self.blobs = Blobs(root.images)
        self.layers = Layers(root.layers, self.database)
        self._guard = threading.Lock()
        self._adding = 0
        self._removing = 0
        if not as_found:
            self.blobs.open()
            self.layers.open()

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Keep everything until the end, also what belongs to no image yet.

        Raises Internal if the disk is full; what was written by then is removed.
        """
        with self._guard:
            self._adding += 1
        try:
            with _full_disk_told():
                yield
        finally:
            with self._guard:
                self._adding -= 1
            self.collect()

    def collect(self) -> None:
        """Remove the blobs and layers that are not used, unless somebody is adding."""
        with self._guard:
            if self._adding:
                return
            with self.database.transaction_with_next() as sql:
                indexes.forget_unused(sql)
            # Blobs first: on a full disk, the rows can be written when they are gone.
            for digest in self.blobs.digests() - self._used_blobs():
                self.blobs.remove(digest)
            directories = self.layers.forget_unused()
            self._removing += 1
        try:
            with ThreadPoolExecutor(_REMOVERS) as pool:
                for _ in pool.map(remove_tree, directories):
                    pass
        finally:
            with self._guard:
                self._removing -= 1

    def collect_leftovers(self) -> None:
        """Remove what a crash left half done; for the start, while nobody else works here."""
        self.layers.collect_leftovers()
        with self.database.transaction() as sql:
            indexes.forget_lost(sql, self.blobs)
        self.collect()

    def leftovers(self) -> list[str]:
        """Return, a line each, what is there and belongs to nothing.

        The caller is adding(). While others add or remove, what they do is not told from the rest.
        """
        with self._guard:
            if self._adding > 1 or self._removing:
                return []
            unused = self.blobs.digests() - self._used_blobs()
            return [
                *(f"blob {digest}: no image has it" for digest in sorted(unused)),
                *(f"directory {path}: left over" for path in self.blobs.unfinished()),
                *(f"directory {path}: left over" for path in self.layers.leftovers()),
            ]

    def _used_blobs(self) -> set[str]:
        with self.database.reading() as sql:
            used = sql.execute(
                "SELECT digest FROM image_blobs UNION SELECT digest FROM index_blobs"
                " UNION SELECT digest FROM build_results WHERE digest IS NOT NULL"
            )
            return {digest for (digest,) in used}

    def sync(self) -> None:
        """Make the unpacked layers durable; to be called before an image of them is added."""
        # Else power could fail between an image's row, which is durable at once, and the content
        # of its files, which would be empty.
        self.layers.sync()

    def add_image(
        self,
        config: bytes,
        blobs: list[Descriptor],
        layers: list[Layer],
        manifest: bytes | None = None,
        *,
        parent: ImageId | None = None,
        renew: bool = False,
    ) -> ImageId:
        """Make an image of a config and of layers that are in the store; it may exist already.

        Then it stays as it is; but if `renew`, this manifest takes the place of its own.

        `blobs` describes the layers as they came; of these a manifest is made if there is none.
        `parent` is the image that this one was made from here. Raises InvalidArgument if it has
        too many layers.
        """
        written = self.write_image(config, blobs, layers, manifest)
        with self.database.transaction() as sql:
            added = _add_image(sql, written)
            if renew and not added:
                _set_blobs(sql, written.id, written.manifest_digest, written.digests)
            if added and parent:
                sql.execute(
                    "INSERT INTO image_parents (image, parent)"
                    " SELECT ?, id FROM images WHERE id = ?",
                    (written.id, parent),
                )
        return written.id

    def write_image(
        self,
        config: bytes,
        blobs: list[Descriptor],
        layers: list[Layer],
        manifest: bytes | None = None,
    ) -> WrittenImage:
        """Write the documents of an image, as add_image() does, which is none by that yet."""
        check_depth(len(layers))
        image_id = ImageId(self.blobs.write(config))
        manifest = manifest or made.manifest(image_id, len(config), blobs)
        manifest_digest = self.blobs.write(manifest)
        digests = {image_id, manifest_digest, *(blob["digest"] for blob in blobs)}
        return WrittenImage(image_id, manifest_digest, digests, tuple(layers))

    def add_named(
        self,
        images: Iterable[WrittenImage],
        references: Iterable[Reference],
        image_id: ImageId,
        index: str = "",
    ) -> None:
        """Make images, and let names mean `image_id`, or all of `index`: in one transaction."""
        known = indexes.read(self.blobs, index) if index else None
        with self.database.transaction() as sql:
            for each in images:
                _add_image(sql, each)
            for reference in references:
                self._name(sql, str(reference), image_id, known)

    def manifest_digest(self, image_id: str) -> str:
        """Return the digest of an image's manifest, "" if there is no such image."""
        with self.database.reading() as sql:
            row = sql.execute("SELECT manifest FROM images WHERE id = ?", (image_id,)).fetchone()
        return str(row[0]) if row else ""

    def layer_blob(self, chain_id: str) -> Descriptor | None:
        """Return the blob of a layer as an image here has it; to be called within adding()."""
        with self.database.reading() as sql:
            row = sql.execute(
                "SELECT manifest, position FROM layers JOIN image_layers ON layer = number"
                " JOIN images ON images.id = image WHERE chain_id = ?",
                (chain_id,),
            ).fetchone()
        if row is None:
            return None
        digest, position = row
        manifest = documents.manifest(self.blobs.read(digest, documents.LIMIT_BYTES))
        layer: Descriptor = manifest["layers"][position]
        return layer

    def is_own_manifest(
        self, image_id: ImageId, manifest_digest: str, blobs: list[Descriptor]
    ) -> bool:
        """Return whether an image's manifest was made here, of nothing but its layers."""
        data = made.manifest(image_id, self.blobs.size_bytes(image_id), blobs)
        return documents.digest(data) == manifest_digest

    def renew_manifests(self, renewed: Mapping[ImageId, list[Descriptor]], index: str = "") -> str:
        """Make manifests of images anew, of other blobs of their layers.

        `index` is the digest of an own index that names them, which is made anew as well: return
        the digest of the new one, else "". To be called within adding().
        """
        manifests = {
            image_id: made.manifest(image_id, self.blobs.size_bytes(image_id), blobs)
            for image_id, blobs in renewed.items()
        }
        digests = {image_id: self.blobs.write(data) for image_id, data in manifests.items()}
        known = None
        if index:
            changed: dict[str, Descriptor] = {
                self.manifest_digest(image_id): {"digest": digests[image_id], "size": len(data)}
                for image_id, data in manifests.items()
            }
            old = self.blobs.read(index, documents.LIMIT_BYTES)
            known = indexes.read(self.blobs, self.blobs.write(made.renewed_index(old, changed)))
        with self.database.transaction() as sql:
            for image_id, blobs in renewed.items():
                needed = {image_id, digests[image_id], *(blob["digest"] for blob in blobs)}
                _set_blobs(sql, image_id, digests[image_id], needed)
            if known:
                indexes.replace(sql, index, known)
        return known.digest if known else ""

    def meanings(self, reference: Reference) -> list[tuple[Platform, ImageId]]:
        """Return the images that `reference`, with a tag or a digest, means, by platform."""
        name = str(reference)
        with self.database.reading() as sql:
            if index := indexes.of_name(sql, name):
                return indexes.images_by_platform(sql, self.blobs, index)
            row = sql.execute(
                "SELECT image FROM image_references WHERE name = ?", (name,)
            ).fetchone()
            return [(indexes.platform_of(self.blobs, row[0]), ImageId(row[0]))] if row else []

    def index_of(self, reference: Reference) -> str:
        """Return the digest of the index that `reference` came with, or ""."""
        with self.database.reading() as sql:
            return indexes.of_name(sql, str(reference))

    def is_whole(self, index: str) -> bool:
        """Return whether all that an index names is here."""
        with self.database.reading() as sql:
            return indexes.is_whole(sql, self.blobs, index)

    def repositories_with(self, digest: str) -> list[Reference]:
        """Return the names by digest, as pulled or pushed, of images that have a blob."""
        with self.database.reading() as sql:
            rows = sql.execute(
                "SELECT name FROM image_references JOIN image_blobs USING (image)"
                " WHERE digest = ?1 AND name LIKE '%@%' UNION"
                " SELECT name FROM reference_indexes JOIN index_manifests USING (index_digest)"
                " JOIN images USING (manifest) JOIN image_blobs ON image = images.id"
                " WHERE digest = ?1 AND name LIKE '%@%' ORDER BY name",
                (digest,),
            ).fetchall()
        return [references.parse(name) for (name,) in rows]

    def set_reference(
        self, reference: Reference, image_id: ImageId, index: str = ""
    ) -> ImageId | None:
        """Let `reference` mean the image; return one that it meant before, if it does no more.

        `index` is the digest of the index that it came with, which is here with all its documents
        while the caller is adding(). Then the name means all images of it, and this one only if
        that for this machine is not here. Raises ImageGone.
        """
        name = str(reference)
        if not index and self._touch(name, image_id):
            return None
        known = indexes.read(self.blobs, index) if index else None
        with self.database.transaction() as sql:
            row = sql.execute(
                "SELECT image FROM image_references WHERE name = ?", (name,)
            ).fetchone()
            self._name(sql, name, image_id, known)
            meant = {image_id, *indexes.images_of(sql, index)}
        return ImageId(row[0]) if row and row[0] not in meant else None

    def _name(
        self, sql: sqlite3.Connection, name: str, image_id: ImageId, known: indexes.Index | None
    ) -> None:
        """Let a name mean an image, and all of an index. Raises ImageGone."""
        if not sql.execute("SELECT 1 FROM images WHERE id = ?", (image_id,)).fetchone():
            raise ImageGone(f"No such image: {image_id}")
        sql.execute(
            "INSERT INTO image_references (name, image, tagged_at) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET"
            " image = excluded.image, tagged_at = excluded.tagged_at",
            (name, image_id, time.time()),
        )
        if known:
            indexes.give(sql, self.blobs, name, known)
        else:
            indexes.take(sql, name)

    def _touch(self, name: str, image_id: ImageId) -> bool:
        """Give a name once more to the image that it means, alone; False if it does not.

        The time alone is new, for which nobody waits until it is on the disk.
        """
        with self.database.transaction_with_next() as sql:
            changed = sql.execute(
                "UPDATE image_references SET tagged_at = ? WHERE name = ? AND image = ?"
                " AND name NOT IN (SELECT name FROM reference_indexes)",
                (time.time(), name, image_id),
            )
            return changed.rowcount > 0


def _add_image(sql: sqlite3.Connection, image: WrittenImage) -> bool:
    """Make an image of what is written; False if it exists already, and stays as it is."""
    size_bytes = sum(layer.size_bytes for layer in image.layers)
    added = sql.execute(
        "INSERT OR IGNORE INTO images (id, manifest, size_bytes) VALUES (?, ?, ?)",
        (image.id, image.manifest_digest, size_bytes),
    ).rowcount
    if added:
        sql.executemany(
            "INSERT INTO image_layers (image, position, layer) VALUES (?, ?, ?)",
            [(image.id, i, layer.number) for i, layer in enumerate(image.layers)],
        )
        _set_blobs(sql, image.id, image.manifest_digest, image.digests)
    return bool(added)


def _set_blobs(
    sql: sqlite3.Connection, image_id: ImageId, manifest_digest: str, digests: set[str]
) -> None:
    """Let an image have this manifest, and what it needs of the blobs, unless it is gone."""
    changed = sql.execute(
        "UPDATE images SET manifest = ? WHERE id = ?", (manifest_digest, image_id)
    )
    if not changed.rowcount:
        return
    sql.execute("DELETE FROM image_blobs WHERE image = ?", (image_id,))
    sql.executemany(
        "INSERT INTO image_blobs (image, digest) VALUES (?, ?)",
        [(image_id, digest) for digest in digests],
    )


@contextmanager
def _full_disk_told() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        if err.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Internal(f"store image: {os.strerror(err.errno).lower()}") from err
    except sqlite3.OperationalError as err:
        if err.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise Internal(f"store image: {err}") from err
