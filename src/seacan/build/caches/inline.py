"""A cache within the image itself, as BuildKit's: records in the config, layers as they are there.

Source: moby/buildkit, cache/remotecache/inline.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from seacan.build.caches import document
from seacan.build.caches.document import CachedLayer, CacheDocument, Entry
from seacan.build.caches.exported import of_images
from seacan.errors import InvalidArgument
from seacan.images import documents
from seacan.spec.image import LAYER_TYPES, Descriptor, ImageConfig

_KEY: Final = "moby.buildkit.cache.v0"


class _Config(msgspec.Struct):
    cache: str | None = msgspec.field(default=None, name=_KEY)


_CONFIG: Final = msgspec.json.Decoder(_Config)


def with_cache(config: ImageConfig, entries: Sequence[Entry]) -> ImageConfig | None:
    """Return the config of an image with a cache of what it was made with.

    None if its history does not tell of each layer, as with a base that was imported: a BuildKit
    that reads such a cache, 0.26 for one, falls over with all of its daemon.
    """
    diff_ids = documents.diff_ids(config)
    told = [each for each in config.get("history") or () if not each.get("empty_layer")]
    if len(told) != len(diff_ids):
        return None
    own = [entry for entry in entries if of_images(entry, [diff_ids])]
    if not own:
        return config
    data = document.encode_records(own, diff_ids)
    added: Mapping[str, Any] = {**config, _KEY: base64.b64encode(data).decode()}
    return cast(ImageConfig, added)


def read(data: bytes, blobs: Sequence[Descriptor]) -> CacheDocument | None:
    """Return the cache in the config of an image, `blobs` its layers; None if it has none.

    Raises InvalidArgument.
    """
    diff_ids = documents.diff_ids(documents.image_config(data))
    if len(diff_ids) != len(blobs):
        raise InvalidArgument("layers from manifest don't match image configuration")
    try:
        text = _CONFIG.decode(data).cache
        records = base64.b64decode(text, validate=True) if text else b""
    except (msgspec.DecodeError, binascii.Error, UnicodeError, ValueError) as err:
        raise InvalidArgument(f"invalid cache: {err}") from err
    if not records or any(blob["mediaType"] not in LAYER_TYPES for blob in blobs):
        return None
    layers = [
        CachedLayer(document.plain(blob), diff_id)
        for blob, diff_id in zip(blobs, diff_ids, strict=True)
    ]
    return document.read_records(records, layers)
