"""What there is, page by page: tags of a repository, repositories, referrers of a manifest."""

from collections.abc import Callable
from typing import Final

import msgspec

from seacan.registry.database import repository_id
from seacan.registry.errors import Refused
from seacan.registry.store import Store
from seacan.spec.image import Descriptor

PAGE: Final = 10_000
# Of one page of referrers: clients read an index of 4 MiB at most.
_REFERRERS_BYTES: Final = 3 << 20


class Listings:
    def __init__(self, store: Store) -> None:
        self._store = store

    def tags(self, repository: str, after: str, count: int) -> tuple[list[str], bool]:
        """Return up to `count` tags behind `after`, in order, and whether there are more.

        Raises Refused, NAME_UNKNOWN.
        """
        with self._store.database.reading() as sql:
            row = repository_id(sql, repository)
            found = sql.execute(
                "SELECT name FROM tags WHERE repository = ? AND name > ? ORDER BY name LIMIT ?",
                (row, after, count + 1),
            ).fetchall()
        if row is None:
            raise Refused("NAME_UNKNOWN", f"repository {repository} unknown", detail=repository)
        return [name for (name,) in found[:count]], len(found) > count

    def repositories(
        self, after: str, count: int, sees: Callable[[str], bool]
    ) -> tuple[list[str], bool]:
        """Return up to `count` repositories with a manifest behind `after`, and whether more."""
        found: list[str] = []
        with self._store.database.reading() as sql:
            for (name,) in sql.execute(
                "SELECT name FROM repositories WHERE name > ? AND EXISTS"
                " (SELECT 1 FROM manifests WHERE repository = id) ORDER BY name",
                (after,),
            ):
                if not sees(name):
                    continue
                if len(found) == count:
                    return found, True
                found.append(name)
        return found, False

    def referrers(
        self, repository: str, subject: str, artifact_type: str, after: str
    ) -> tuple[list[Descriptor], bool]:
        """Return manifests whose subject is `subject`, by digest behind `after`, and whether more.

        `artifact_type`: those of this type alone, unless it is "".
        """
        found: list[Descriptor] = []
        size_bytes = 0
        with self._store.database.reading() as sql:
            rows = sql.execute(
                "SELECT media_type, digest, size_bytes, artifact_type, annotations FROM manifests"
                " WHERE repository = ? AND subject = ? AND digest > ?"
                " AND (? = '' OR artifact_type = ?) ORDER BY digest",
                (repository_id(sql, repository), subject, after, artifact_type, artifact_type),
            )
            for media_type, digest, size, kind, annotations in rows:
                size_bytes += 512 + len(media_type) + len(kind or "") + len(annotations or "")
                if found and size_bytes > _REFERRERS_BYTES:
                    return found, True
                found.append(_descriptor(media_type, digest, size, kind, annotations))
        return found, False


def _descriptor(
    media_type: str, digest: str, size: int, kind: str | None, annotations: str | None
) -> Descriptor:
    descriptor = Descriptor(mediaType=media_type, digest=digest, size=size)
    if kind:
        descriptor["artifactType"] = kind
    if annotations:
        descriptor["annotations"] = msgspec.json.decode(annotations, type=dict[str, str])
    return descriptor
