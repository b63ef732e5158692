"""The registry behind this one, as the cache needs it. All of it blocks: called in threads."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from seacan.errors import NotFound, Unavailable
from seacan.spec.image import Descriptor


class Missing(NotFound):
    """The other registry says that there is no such thing, or none for us."""


class Unreachable(Unavailable):
    """It cannot be asked at present: what was fetched before is served."""


class Fetched(msgspec.Struct, frozen=True):
    """A manifest, not verified. `digest`: what the other registry says, "" if nothing."""

    data: bytes
    media_type: str
    digest: str


class Arriving(msgspec.Struct, frozen=True):
    """A blob, not verified, whose pieces are read from the connection."""

    size_bytes: int
    pieces: Iterator[bytes]


class Upstream(Protocol):
    """Each raises Missing or Unreachable."""

    def tag_digest(self, repository: str, tag: str) -> str:
        """Return the digest that a tag points to, "" if the other does not tell it so."""

    def manifest(self, repository: str, reference: str) -> Fetched: ...

    def blob_size(self, repository: str, digest: str) -> int: ...

    def blob(self, repository: str, digest: str) -> AbstractContextManager[Arriving]: ...

    def tags(self, repository: str, after: str, count: int) -> tuple[list[str], bool]:
        """Return up to `count` tags behind `after`, and whether there are more."""

    def referrers(self, repository: str, subject: str) -> list[Descriptor]:
        """Return what refers to `subject`, by the API or, without it, by the tag for that."""
