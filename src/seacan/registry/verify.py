"""Is the store whole? Every blob read, every row followed."""

import hashlib
from collections.abc import Iterator
from typing import Final

from seacan.registry.names import algorithm_of
from seacan.registry.store import Store

_READ_BYTES: Final = 1 << 20
_NAMED: Final = (
    "SELECT digest, size_bytes FROM repository_blobs UNION SELECT digest, size_bytes FROM manifests"
)


def problems(store: Store) -> Iterator[str]:
    """Yield what is wrong, a line each; files that nobody names are not: they are collected."""
    with store.database.reading() as sql:
        (verdict,) = sql.execute("PRAGMA integrity_check(1)").fetchone()
        named = dict(sql.execute(_NAMED).fetchall())
    if verdict != "ok":
        yield f"registry.db: {verdict}"
    present = store.blobs.digests()
    for digest, size_bytes in sorted(named.items()):
        if digest not in present:
            yield f"{digest}: missing"
        elif store.blobs.size_bytes(digest) != size_bytes:
            yield f"{digest}: {store.blobs.size_bytes(digest)} bytes, {size_bytes} recorded"
    for digest in sorted(present):
        if (found := _digest(store, digest)) != digest:
            yield f"{digest}: its bytes are those of {found}"


def _digest(store: Store, digest: str) -> str:
    found = hashlib.new(algorithm_of(digest))
    with store.blobs.open_blob(digest) as file:
        while piece := file.read(_READ_BYTES):
            found.update(piece)
    return f"{found.name}:{found.hexdigest()}"
