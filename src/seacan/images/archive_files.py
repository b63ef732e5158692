"""The files of an archive of images: staged as they come, and found again by their names.

The archive is a stream, its members in any order: all of them go to a staging directory first,
nameless, each with its digest.
"""

from typing import BinaryIO, Final

import msgspec
from msgspec import field

from seacan.errors import InvalidArgument
from seacan.images import documents
from seacan.images.blobs import Staged, Staging
from seacan.images.compression import Decompressed
from seacan.images.streams import CHUNK_BYTES, buffered, chunks
from seacan.images.tar import Kind, Member, TarReader
from seacan.spec.image import Descriptor

_MOST_MEMBERS: Final = 100_000
_MOST_LINKS: Final = 10
_DOCUMENTS_LIMIT_BYTES: Final = 128 << 20  # of all documents, each as often as it is named


class Contents(msgspec.Struct):
    """The files of an archive by their names, and its links, which old ones have for layers."""

    files: dict[str, Staged] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    documents_bytes: int = 0  # read so far

    def find(self, name: str) -> Staged | None:
        name = _plain(name)
        for _ in range(_MOST_LINKS):
            if name not in self.links:
                break
            name = self.links[name]
        return self.files.get(name)

    def get(self, name: str) -> Staged:
        """Return the file `name`. Raises InvalidArgument if there is none."""
        staged = self.find(name)
        if staged is None:
            raise InvalidArgument(f"invalid archive: it does not contain {name!r}")
        return staged

    def blob(self, descriptor: Descriptor) -> Staged:
        """Return the blob of a descriptor, of the size and digest that it says."""
        digest = descriptor["digest"]
        staged = self.get(blob_name(digest))
        if staged.digest != digest:
            raise InvalidArgument(f"invalid archive: blob {digest} has digest {staged.digest}")
        if staged.size_bytes != descriptor["size"]:
            raise InvalidArgument(
                f"invalid archive: blob {digest} has {staged.size_bytes} bytes, "
                f"its descriptor says {descriptor['size']}"
            )
        return staged

    def document(self, staged: Staged, name: str) -> bytes:
        """Return the content of a document. Raises InvalidArgument beyond the limits.

        A few that name one another, or one config, a thousand times over fill any memory.
        """
        self.documents_bytes += staged.size_bytes
        if self.documents_bytes > _DOCUMENTS_LIMIT_BYTES:
            raise InvalidArgument(
                f"invalid archive: its documents have more than {_DOCUMENTS_LIMIT_BYTES} bytes, "
                "each counted as often as it is named"
            )
        return staged.read(documents.LIMIT_BYTES, name)


def stage(stream: BinaryIO, staging: Staging) -> Contents:
    """Return what is in an archive, read to its end. Raises InvalidArgument if it is malformed."""
    contents = Contents()
    source = buffered(Decompressed(stream))
    reader = TarReader(source)
    for count, member in enumerate(reader):
        if count >= _MOST_MEMBERS:
            raise InvalidArgument(f"invalid archive: it has more than {_MOST_MEMBERS} members")
        name = _plain(member.name)
        if member.kind is Kind.FILE:
            contents.files[name] = _stage_file(staging, reader, member)
        elif member.kind is Kind.HARD_LINK:
            contents.links[name] = _plain(member.link)
        elif member.kind is Kind.SYMBOLIC_LINK:
            contents.links[name] = _plain(f"{name}/../{member.link}")
    for _ in chunks(source):  # whoever sends wants to send all of it
        pass
    return contents


def _stage_file(staging: Staging, reader: TarReader, member: Member) -> Staged:
    if sum(segment.length for segment in member.segments) != member.size_bytes:
        raise InvalidArgument(f"invalid archive: {member.name!r} is a sparse file")
    return staging.add(iter(lambda: reader.read(CHUNK_BYTES), b""))


def blob_name(digest: str) -> str:
    """Return the name of a blob in an OCI layout."""
    return f"blobs/{digest.replace(':', '/')}"


def _plain(name: str) -> str:
    """Return a member's name without `.` and `..`; it is looked up here alone, never opened."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
