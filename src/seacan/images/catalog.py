"""The images that are here, as records: by name, by id, all of them."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypedDict

from msgspec.structs import replace

from seacan.errors import NotFound
from seacan.images import documents, indexes, references
from seacan.images.choice import best
from seacan.images.image import Image, ImageId
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.store import Store
from seacan.spec.image import ImageConfig

_IMAGES: Final = "SELECT id, manifest, size_bytes FROM images WHERE {among}"
# With the index that the name came with.
_NAMES: Final = """
    SELECT image, name, tagged_at, index_digest
    FROM image_references LEFT JOIN reference_indexes USING (name) WHERE {among} ORDER BY name
"""
# Of images that a name means if their platform is asked for.
_SECONDARY_NAMES: Final = """
    SELECT images.id, name, tagged_at, NULL FROM image_references
    JOIN reference_indexes USING (name) JOIN index_manifests USING (index_digest)
    JOIN images USING (manifest) WHERE images.id != image AND {among} ORDER BY name
"""
_LAYERS: Final = "SELECT image, layer FROM image_layers WHERE {among} ORDER BY position"
_PARENTS: Final = "SELECT image, parent FROM image_parents WHERE {among}"


class Catalog:
    def __init__(self, store: Store) -> None:
        self._store = store
        # Of the images of the last list, which are mostly those of the next: reading and decoding
        # them is most of its time. They are that list's alone, so that nobody changes them.
        self._configs: dict[ImageId, ImageConfig] = {}

    def get(self, name: str) -> Image:
        """Return the image of a reference, of an id or of the start of one.

        As an id serves that of the manifest too, by which lists of platforms tell of it.

        Raises NotFound, or InvalidArgument for what can be no reference, in Docker's words.
        """
        if references.is_image_id(name):
            image_id = "sha256:" + name.removeprefix("sha256:")
            return self._one(image_id, f"No such image: {image_id}")
        reference = references.parse(name).with_default_tag()
        if image := self._by_reference(reference):
            return image
        digits = name.removeprefix("sha256:")
        missing = f"No such image: {reference.familiar}"
        if not digits or digits.strip("0123456789abcdef"):
            raise NotFound(missing)
        return self._one(f"sha256:{digits}*", missing)

    def get_for(self, name: str, platform: Platform | None) -> Image:
        """Return the image as get() does; of those that the name means, that for `platform`.

        It has the names then of the one that get() returns. Raises NotFound.
        """
        image = self.get(name)
        if platform is None:
            return image
        found = self.for_platform(image, platform)
        if found is None:
            raise NotFound(
                f"image with reference {name} was found but its platform ({image.platform}) "
                f"does not match the specified platform ({platform})"
            )
        return replace(
            found, references=image.references, digests=image.digests, tagged_at=image.tagged_at
        )

    def all(self) -> list[Image]:
        """Return all images, the newest first, those that are secondary with their first one."""
        with self._store.database.reading() as sql:
            records = self._records(sql, None, self._configs)
            members = indexes.all_images(sql)
        self._configs = {image.id: image.config for image in records.values()}
        listed = [
            _with_others(image, members, records)
            for image in records.values()
            if not image.is_secondary
        ]
        return sorted(listed, key=lambda image: image.created, reverse=True)

    def for_platform(self, image: Image, platform: Platform) -> Image | None:
        """Return what suits a platform best, of an image and those that it stands for.

        One that does not say what it is for suits all.
        """
        found = best(self._by_platform(image), platform)
        return found or (None if image.architecture else image)

    def _by_platform(self, image: Image) -> list[tuple[Platform | None, Image]]:
        by_id = {one.id: one for one in image.of_all_platforms}
        found: list[tuple[Platform | None, Image]] = []
        with self._store.database.reading() as sql:
            for index in image.indexes:
                here = indexes.images_by_platform(sql, self._store.blobs, index)
                found += [(platform, by_id[one]) for platform, one in here if one in by_id]
        return [*found, (image.platform, image)]

    def _by_reference(self, reference: Reference) -> Image | None:
        name = key(reference)
        with self._store.database.reading() as sql:
            row = sql.execute(
                "SELECT image FROM image_references WHERE name = ?", (name,)
            ).fetchone()
            if row is None:
                return None
            # Not of its other names: they may have come with another index.
            index = indexes.of_name(sql, name)
            return self._whole(sql, row[0], (index,) if index else ())

    def _one(self, pattern: str, missing: str) -> Image:
        with self._store.database.reading() as sql:
            rows = _found(sql, "id", pattern) or _found(sql, "manifest", pattern)
            if not rows:
                raise NotFound(missing)
            # As for Docker not a conflict: `inspect` then looks for other kinds of object.
            if len(rows) > 1:
                raise NotFound(f"{missing} ({len(rows)} or more ids start so)")
            return self._whole(sql, rows[0], None)

    def _whole(self, sql: sqlite3.Connection, image_id: str, of: tuple[str, ...] | None) -> Image:
        """Return an image with the others of these indexes; None: of those of all its names."""
        (image,) = self._records(sql, [image_id]).values()
        if of is not None:
            image = replace(image, indexes=of)
        members = {index: indexes.images_of(sql, index) for index in image.indexes}
        ids = {ImageId(one) for of_index in members.values() for one in of_index}
        return _with_others(image, members, self._records(sql, [*ids]) if ids else {})

    def _records(
        self,
        sql: sqlite3.Connection,
        ids: Sequence[str] | None,
        configs: Mapping[ImageId, ImageConfig] = MappingProxyType({}),
    ) -> dict[ImageId, Image]:
        """Return the records of these images by their ids, None: of all; without others.

        `configs` are those that need not be read.
        """
        names = _grouped(_rows(sql, _NAMES, "image", ids))
        secondary = _grouped(_rows(sql, _SECONDARY_NAMES, "images.id", ids))
        layers = _grouped(_rows(sql, _LAYERS, "image", ids))
        parents = dict(_rows(sql, _PARENTS, "image", ids))
        return {
            image_id: Image(
                id=image_id,
                config=configs.get(image_id) or self._config(image_id),
                manifest_digest=manifest_digest,
                size_bytes=size_bytes,
                layers=tuple(number for (number,) in layers.get(image_id, ())),
                parent=parents.get(image_id, ""),
                is_secondary=image_id not in names and image_id in secondary,
                **_named(names.get(image_id) or secondary.get(image_id, [])),
            )
            for image_id, manifest_digest, size_bytes in _rows(sql, _IMAGES, "id", ids)
        }

    def _config(self, image_id: ImageId) -> ImageConfig:
        return documents.image_config(self._store.blobs.read(image_id, documents.LIMIT_BYTES))


class _Names(TypedDict):
    """The fields of an image that follow from its names."""

    references: tuple[Reference, ...]
    digests: tuple[Reference, ...]
    tagged_at: float | None
    indexes: tuple[str, ...]


def _named(rows: Sequence[tuple[Any, ...]]) -> _Names:
    parsed = [references.parse(name) for name, _, _ in rows]
    return _Names(
        references=tuple(reference for reference in parsed if reference.tag),
        digests=tuple(reference for reference in parsed if reference.digest),
        tagged_at=max((tagged_at for _, tagged_at, _ in rows), default=None),
        indexes=tuple(dict.fromkeys(index for _, _, index in rows if index)),
    )


def key(reference: Reference) -> str:
    """Return the name in the database; with a digest, a tag says nothing more."""
    if reference.digest:
        return f"{reference.name}@{reference.digest}"
    return str(reference)


def _with_others(
    image: Image, members: Mapping[str, Sequence[str]], records: Mapping[ImageId, Image]
) -> Image:
    found = [ImageId(one) for index in image.indexes for one in members.get(index, ())]
    others = tuple(records[one] for one in dict.fromkeys(found) if one != image.id)
    return replace(image, others=others) if others else image


def _found(sql: sqlite3.Connection, column: str, pattern: str) -> list[str]:
    rows = sql.execute(f"SELECT id FROM images WHERE {column} GLOB ? LIMIT 2", (pattern,))
    return [image_id for (image_id,) in rows]


def _rows(sql: sqlite3.Connection, query: str, column: str, ids: Sequence[str] | None) -> list[Any]:
    """Return the rows of a query where `column` is among `ids`, None: all."""
    if ids is None:
        return sql.execute(query.format(among="1")).fetchall()
    marks = ",".join("?" * len(ids))
    return sql.execute(query.format(among=f"{column} IN ({marks})"), ids).fetchall()


def _grouped(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return rows without their first column, by it."""
    grouped: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for first, *rest in rows:
        grouped[first].append(tuple(rest))
    return grouped
