"""What nobody needs any more goes, while pushes run.

    a blob of a repository      that no manifest of it names, once nobody touched it for `grace_s`
    an upload                   once it got no byte for `upload_s`
    a repository's name         once nothing is in it
    a blob's file               once no repository has it, neither as blob nor as manifest

Manifests stay until somebody deletes them, tagged or not: they may be pulled by digest. Those of a
cache go when nobody has asked for them for `manifest_s`.
"""

import math
from typing import Final

import msgspec

from seacan.registry.store import Store
from seacan.registry.uploads import Uploads

HOUR_S: Final = 3600.0
_UNNAMED: Final = (
    "SELECT NOT EXISTS (SELECT 1 FROM repository_blobs WHERE digest = :digest)"
    " AND NOT EXISTS (SELECT 1 FROM manifests WHERE digest = :digest)"
)


class Ages(msgspec.Struct, frozen=True):
    grace_s: float = HOUR_S
    upload_s: float = 24 * HOUR_S
    manifest_s: float = math.inf


class Collected(msgspec.Struct, frozen=True):
    blobs: int
    bytes: int


def collect(store: Store, uploads: Uploads, ages: Ages) -> Collected:
    """Remove what nobody needs; return which files went."""
    uploads.drop_idle(store.clock() - ages.upload_s)
    with store.database.transaction() as sql:
        sql.execute(
            "DELETE FROM manifests WHERE touched_at < ?", (store.clock() - ages.manifest_s,)
        )
        sql.execute(
            "DELETE FROM repository_blobs WHERE touched_at < ? AND NOT EXISTS"
            " (SELECT 1 FROM manifest_needs AS needs WHERE needs.repository ="
            " repository_blobs.repository AND needs.digest = repository_blobs.digest)",
            (store.clock() - ages.grace_s,),
        )
        sql.execute(
            "DELETE FROM repositories WHERE"
            " NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository = id)"
            " AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository = id)"
        )
    removed = [size for digest in store.blobs.digests() if (size := _remove(store, digest)) >= 0]
    return Collected(len(removed), sum(removed))


def _remove(store: Store, digest: str) -> int:
    """Remove the file of a blob that no row names; return its size, -1 if it stays."""
    # Without the guard first: nearly all are named, and nobody is to wait for that.
    if not _is_unnamed(store, digest):
        return -1
    with store.guard:
        if not _is_unnamed(store, digest):
            return -1
        size_bytes = store.blobs.size_bytes(digest)
        store.blobs.remove(digest)
        return size_bytes


def _is_unnamed(store: Store, digest: str) -> bool:
    with store.database.reading() as sql:
        return bool(sql.execute(_UNNAMED, {"digest": digest}).fetchone()[0])
