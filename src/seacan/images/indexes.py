"""Indexes: what a name came with that has an image for each of several platforms.

    name ─▸ image          the one for this machine, if it is here
      └──▸ index ─▸ manifests ─▸ images
               └──▸ documents: itself, indexes in it, attestations

Which images of an index are here is written nowhere: they are those whose manifests it names. So
one more comes by being pulled or loaded, by whatever name, and goes by being removed. An index is
kept while a name has it. docs/adr/0023-several-platforms.md says why it is so.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from seacan.images import documents, platforms
from seacan.images.blobs import Blobs
from seacan.images.choice import best
from seacan.images.image import ImageId
from seacan.images.platforms import Platform
from seacan.spec.image import INDEX_TYPES, Descriptor

DEEPEST: Final = 4  # that indexes are in one another

# What says something about another manifest of the index. Source: BuildKit, attestation-storage.md
_KIND: Final = "vnd.docker.reference.type"
_ABOUT: Final = "vnd.docker.reference.digest"


class Index(msgspec.Struct, frozen=True):
    """What is written down of an index."""

    digest: str
    manifests: tuple[str, ...]  # of images, here or not, in its order
    blobs: frozenset[str]  # the documents of it that are here


def read(blobs: Blobs, digest: str) -> Index:
    """Return what an index that is here consists of. Raises NotFound, InvalidArgument."""
    manifests, needed = [], {digest}
    for descriptor in walk(blobs, digest):
        if descriptor["mediaType"] in INDEX_TYPES:
            needed |= {descriptor["digest"]} if blobs.has(descriptor["digest"]) else set()
        elif attested_by(descriptor) is not None:
            needed |= attestation_blobs(blobs, descriptor)
        else:
            manifests.append(descriptor["digest"])
    return Index(digest, tuple(dict.fromkeys(manifests)), frozenset(needed))


def walk(blobs: Blobs, digest: str, depth: int = DEEPEST) -> Iterator[Descriptor]:
    """Yield what an index names, and after an inner index that is here what that does.

    An inner one is gone into once: four that name the next ten thousand times would have no end.
    """
    return _walk(blobs, digest, depth, {digest})


def _walk(blobs: Blobs, digest: str, depth: int, seen: set[str]) -> Iterator[Descriptor]:
    for descriptor in documents.index(blobs.read(digest, documents.LIMIT_BYTES))["manifests"]:
        yield descriptor
        inner = descriptor["digest"]
        is_index = descriptor["mediaType"] in INDEX_TYPES
        if is_index and depth and inner not in seen and blobs.has(inner):
            seen.add(inner)
            yield from _walk(blobs, inner, depth - 1, seen)


def attested_by(descriptor: Descriptor) -> str | None:
    """Return the digest of the manifest that an attestation is about, None if it is none."""
    annotations = descriptor.get("annotations") or {}
    if annotations.get(_KIND) != "attestation-manifest":
        return None
    return annotations.get(_ABOUT, "")


def attestation_blobs(blobs: Blobs, descriptor: Descriptor) -> set[str]:
    """Return all that an attestation consists of; nothing if it is not all here."""
    if not blobs.has(descriptor["digest"]):
        return set()
    manifest = documents.manifest(blobs.read(descriptor["digest"], documents.LIMIT_BYTES))
    parts = [descriptor, manifest["config"], *manifest["layers"]]
    digests = {part["digest"] for part in parts}
    return digests if all(blobs.has(digest) for digest in digests) else set()


def is_whole(sql: sqlite3.Connection, blobs: Blobs, digest: str) -> bool:
    """Return whether all that an index names is here."""
    here = {manifest for manifest, _ in _images_here(sql, digest)}
    return all(
        blobs.has(descriptor["digest"])
        if descriptor["mediaType"] in INDEX_TYPES
        else bool(attestation_blobs(blobs, descriptor))
        if attested_by(descriptor) is not None
        else descriptor["digest"] in here
        for descriptor in walk(blobs, digest)
    )


def images_by_platform(
    sql: sqlite3.Connection, blobs: Blobs, digest: str
) -> list[tuple[Platform, ImageId]]:
    """Return the images of an index that are here, by their ids, in its order.

    The platform is what the index says, for configs often have no variant.
    """
    here = dict(_images_here(sql, digest))
    if not here:
        return []
    told = {descriptor["digest"]: descriptor.get("platform") for descriptor in walk(blobs, digest)}
    return [
        (
            platforms.from_wire(platform) if platform else platform_of(blobs, image_id),
            ImageId(image_id),
        )
        for manifest, image_id in here.items()
        for platform in [told.get(manifest)]
    ]


def platform_of(blobs: Blobs, image_id: str) -> Platform:
    """Return what the config of an image says. Raises NotFound."""
    config = documents.image_config(blobs.read(image_id, documents.LIMIT_BYTES))
    return Platform(
        config.get("architecture") or "", config.get("os") or "linux", config.get("variant") or ""
    )


# -- rows -----------------------------------------------------------------------------------------


def of_name(sql: sqlite3.Connection, name: str) -> str:
    """Return the digest of the index that a name came with, or ""."""
    row = sql.execute("SELECT index_digest FROM reference_indexes WHERE name = ?", (name,))
    return next((digest for (digest,) in row), "")


def give(sql: sqlite3.Connection, blobs: Blobs, name: str, index: Index) -> None:
    """Let a name that means an image have the index.

    All names of the index mean the image for this machine from now on, if there is one.
    """
    sql.execute("INSERT OR REPLACE INTO reference_indexes VALUES (?, ?)", (name, index.digest))
    _write_down(sql, index)
    if own := best(images_by_platform(sql, blobs, index.digest), platforms.host()):
        sql.execute(
            "UPDATE image_references SET image = ? WHERE name IN"
            " (SELECT name FROM reference_indexes WHERE index_digest = ?)",
            (own, index.digest),
        )


def replace(sql: sqlite3.Connection, digest: str, index: Index) -> None:
    """Let the names of an index have another one, which names the same images."""
    sql.execute(
        "UPDATE reference_indexes SET index_digest = ? WHERE index_digest = ?",
        (index.digest, digest),
    )
    _write_down(sql, index)


def _write_down(sql: sqlite3.Connection, index: Index) -> None:
    # An inner index may have come since this one was written down.
    sql.execute("DELETE FROM index_manifests WHERE index_digest = ?", (index.digest,))
    sql.executemany(
        "INSERT INTO index_manifests VALUES (?, ?, ?)",
        [(index.digest, at, manifest) for at, manifest in enumerate(index.manifests)],
    )
    sql.executemany(
        "INSERT OR IGNORE INTO index_blobs VALUES (?, ?)",
        [(index.digest, digest) for digest in index.blobs],
    )


def take(sql: sqlite3.Connection, name: str) -> None:
    """Let a name mean its image alone."""
    sql.execute("DELETE FROM reference_indexes WHERE name = ?", (name,))


def hand_over(sql: sqlite3.Connection, image_ids: Sequence[str]) -> None:
    """Let names of images that are to go mean others of their indexes, where there are any."""
    marks = ",".join("?" * len(image_ids))
    sql.execute(
        "UPDATE image_references SET image = coalesce((SELECT images.id FROM reference_indexes"
        " JOIN index_manifests USING (index_digest) JOIN images USING (manifest)"
        f" WHERE reference_indexes.name = image_references.name AND images.id NOT IN ({marks})"
        f" ORDER BY position LIMIT 1), image) WHERE image IN ({marks})",
        [*image_ids, *image_ids],
    )


def forget_lost(sql: sqlite3.Connection, blobs: Blobs) -> None:
    """Let names mean their image alone whose index has no document any more."""
    for (digest,) in sql.execute("SELECT DISTINCT index_digest FROM reference_indexes").fetchall():
        if not blobs.has(digest):
            sql.execute("DELETE FROM reference_indexes WHERE index_digest = ?", (digest,))


def forget_unused(sql: sqlite3.Connection) -> None:
    """Drop what is written of indexes that no name has any more."""
    for table in ("index_manifests", "index_blobs"):
        sql.execute(
            f"DELETE FROM {table}"
            " WHERE index_digest NOT IN (SELECT index_digest FROM reference_indexes)"
        )


def images_of(sql: sqlite3.Connection, digest: str) -> list[str]:
    """Return the ids of the images of an index that are here, in its order."""
    return [image_id for _, image_id in _images_here(sql, digest)]


def all_images(sql: sqlite3.Connection) -> dict[str, list[str]]:
    """Return what images_of() does, of each index."""
    found: dict[str, list[str]] = {}
    for digest, image_id in sql.execute(
        "SELECT index_digest, images.id FROM index_manifests JOIN images USING (manifest)"
        " ORDER BY index_digest, position"
    ):
        found.setdefault(digest, []).append(image_id)
    return found


def _images_here(sql: sqlite3.Connection, digest: str) -> list[tuple[str, str]]:
    """Return manifest and id of the images of an index that are here, in its order."""
    return sql.execute(
        "SELECT manifest, images.id FROM index_manifests JOIN images USING (manifest)"
        " WHERE index_digest = ? ORDER BY position",
        (digest,),
    ).fetchall()
