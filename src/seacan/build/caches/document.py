"""The document of a cache: layers, and records of steps that say which of them they came to.

    {"layers":  [{"blob": DIGEST, "parent": N or -1}, …],
     "records": [{"digest": KEY, "layers": [{"layer": N, "createdAt": TIME}]}, …]}

It is BuildKit's, and BuildKit reads it; but keys are of the builder that made them: what one has
done, the other one does not find. A record of seacan's has no `inputs`, as its key is over all that
the step depends on, and no secret: whoever made the cache is believed that the layers are what the
steps came to. So nothing of it is ever remembered as a result of this daemon's own.

Source: moby/buildkit, cache/remotecache/v1/types.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import field

from seacan.errors import InvalidArgument
from seacan.images import documents, references
from seacan.images.building import BuiltLayer
from seacan.spec.image import LAYER_TYPES, Descriptor

MEDIA_TYPE: Final = "application/vnd.buildkit.cacheconfig.v0"
LIMIT_BYTES: Final = 1 << 20  # what BuildKit reads
DIFF_ID: Final = "containerd.io/uncompressed"  # an annotation of a layer
_BUILDER: Final = "seacan"
_DEEPEST: Final = 125  # layers, as in an image
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)

T = TypeVar("T")


class Entry(msgspec.Struct, frozen=True):
    """A step that was done: its key, and all layers that there were after it, the lowest first.

    Of a step whose layer says nothing of those below (COPY --link), that one alone.
    """

    key: str
    created: str
    layers: Sequence[BuiltLayer]


class CachedLayer(msgspec.Struct, frozen=True):
    """A layer in a cache: its blob, and the digest of what is in it."""

    blob: Descriptor
    diff_id: str


class Found(msgspec.Struct, frozen=True):
    created: str
    layers: Sequence[CachedLayer]  # as in Entry


class _Layer(msgspec.Struct):
    blob: str = ""
    parent: int = 0


class _Result(msgspec.Struct):
    layer: int = 0
    createdAt: str = ""


class _Chain(msgspec.Struct):
    layers: list[int] | None = None
    createdAt: str = ""


class _Record(msgspec.Struct):
    digest: str = ""
    layers: list[_Result] | None = None
    chains: list[_Chain] | None = None


class _Document(msgspec.Struct):
    layers: list[_Layer] | None = None
    records: list[_Record] | None = None
    builder: str = ""


_DOCUMENT: Final = msgspec.json.Decoder(_Document)
_RECORDS: Final = msgspec.json.Decoder(list[_Record])


class CacheDocument(msgspec.Struct, frozen=True):
    """A document as it came, to be looked into."""

    is_own: bool  # made by seacan
    records: Mapping[str, _Record]
    parents: Sequence[_Layer]
    layers: Mapping[str, CachedLayer]  # by the digest of the blob
    chains: dict[int, list[CachedLayer] | None] = field(default_factory=dict)  # that were followed

    def find(self, key: str) -> Found | None:
        """Return what a step of this key came to. Raises InvalidArgument if that is malformed."""
        record = self.records.get(f"sha256:{key}")
        if record is None:
            return None
        for result in record.layers or ():
            if layers := self._chain(result.layer):
                return Found(_checked_time(result.createdAt), layers)
        for chain in record.chains or ():
            if layers := self._listed(chain.layers or ()):
                return Found(_checked_time(chain.createdAt), layers)
        return None

    def _chain(self, index: int) -> list[CachedLayer] | None:
        """Return a layer and all below it; None if one of them cannot be used."""
        if index not in self.chains:
            path = []
            at = index
            while at != -1:
                path.append(at)
                if len(path) > _DEEPEST:
                    raise InvalidArgument("invalid cache: layers in a ring, or too many")
                at = self._at(at).parent
            self.chains[index] = self._listed(path[::-1])
        return self.chains[index]

    def _listed(self, path: Sequence[int]) -> list[CachedLayer] | None:
        if len(path) > _DEEPEST:
            raise InvalidArgument("invalid cache: too many layers")
        found = [self.layers.get(self._at(index).blob) for index in path]
        usable = [layer for layer in found if layer is not None]
        return usable if len(usable) == len(found) else None

    def _at(self, index: int) -> _Layer:
        if not 0 <= index < len(self.parents):
            raise InvalidArgument(f"invalid cache: there is no layer {index}")
        return self.parents[index]


def read(data: bytes, blobs: Sequence[Descriptor]) -> CacheDocument:
    """Return what a document says; `blobs` are those that come with it. Raises InvalidArgument."""
    decoded = _decode(data, _DOCUMENT)
    return CacheDocument(
        is_own=decoded.builder == _BUILDER,
        records=_by_key(decoded.records),
        parents=decoded.layers or (),
        layers=_usable(blobs),
    )


def read_records(data: bytes, blobs: Sequence[CachedLayer]) -> CacheDocument:
    """As read(), of records alone, whose layers are those of an image. Raises InvalidArgument."""
    return CacheDocument(
        is_own=True,  # which an image does not say
        records=_by_key(_decode(data, _RECORDS)),
        parents=[_Layer(each.blob["digest"], number - 1) for number, each in enumerate(blobs)],
        layers={each.blob["digest"]: each for each in blobs},
    )


def _decode(data: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    if len(data) > LIMIT_BYTES:
        raise InvalidArgument(f"invalid cache: longer than {LIMIT_BYTES} bytes")
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise InvalidArgument(f"invalid cache: {err}") from err


def _by_key(records: Sequence[_Record] | None) -> dict[str, _Record]:
    return {record.digest: record for record in records or ()}


def _usable(blobs: Sequence[Descriptor]) -> dict[str, CachedLayer]:
    found = {}
    for blob in blobs:
        diff_id = (blob.get("annotations") or {}).get(DIFF_ID, "")
        if blob["mediaType"] in LAYER_TYPES and is_sha256(diff_id):
            found[blob["digest"]] = CachedLayer(plain(blob), diff_id)
    return found


def plain(blob: Descriptor) -> Descriptor:
    """Return a descriptor without what others say of it."""
    return {"mediaType": blob["mediaType"], "digest": blob["digest"], "size": blob["size"]}


def is_sha256(digest: str) -> bool:
    return references.is_digest(digest) and digest.startswith("sha256:")


def _checked_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise InvalidArgument("invalid cache: a time that is none")
    return text


# -- written --------------------------------------------------------------------------------------


def encode(entries: Sequence[Entry], blobs: Mapping[str, Descriptor]) -> bytes:
    """Return the document of entries; `blobs` of their layers are by diff id.

    Raises InvalidArgument if it were too long to be read.
    """
    layers: dict[tuple[int, str], int] = {}  # by the one below, and the blob
    records = []
    for entry in entries:
        at = -1
        for layer in entry.layers:
            at = layers.setdefault((at, blobs[layer.diff_id]["digest"]), len(layers))
        result = {"layer": at, "createdAt": entry.created}
        records.append({"digest": f"sha256:{entry.key}", "layers": [result]})
    told = [{"blob": digest, "parent": parent} for parent, digest in layers]
    return _bounded({"builder": _BUILDER, "layers": told, "records": records})


def encode_records(entries: Sequence[Entry], diff_ids: Sequence[str]) -> bytes:
    """Return the records of entries whose layers are among those of an image.

    Raises InvalidArgument if they were too long to be read.
    """
    records: list[dict[str, object]] = []
    for entry in entries:
        places = [diff_ids.index(layer.diff_id) for layer in entry.layers]
        record: dict[str, object] = {"digest": f"sha256:{entry.key}"}
        if places == [*range(len(places))]:
            record["layers"] = [{"layer": places[-1], "createdAt": entry.created}]
        else:
            record["chains"] = [{"layers": places, "createdAt": entry.created}]
        records.append(record)
    return _bounded(records)


def _bounded(document: object) -> bytes:
    data = documents.encode(document)
    if len(data) > LIMIT_BYTES:
        raise InvalidArgument(f"cache export: its document is longer than {LIMIT_BYTES} bytes")
    return data
