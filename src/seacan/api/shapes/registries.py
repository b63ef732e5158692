"""GET /distribution/{name}/json, GET /images/search."""

from typing import Any

from seacan.images.remote.inspect import Distribution
from seacan.images.remote.search import SearchResult


def distribution_shape(found: Distribution) -> dict[str, Any]:
    return {
        "Descriptor": {
            "mediaType": found.media_type,
            "digest": found.digest,
            "size": found.size_bytes,
        },
        "Platforms": found.platforms,
    }


def found_shape(found: SearchResult) -> dict[str, Any]:
    return {
        "star_count": found.star_count,
        "is_official": found.is_official,
        "name": found.name,
        "is_automated": False,
        "description": found.description or "",
    }
