"""GET /system/df."""

import time
from typing import Any, Final

from seacan.api.shapes.images import list_image
from seacan.api.shapes.listing import list_container
from seacan.api.shapes.volumes import shape_volume
from seacan.api.versions import NEWEST, Version
from seacan.engine.builds.cache import CacheEntry
from seacan.engine.disk_usage import DiskUsage, ImageUsage, VolumeUsage
from seacan.engine.times import rfc3339

_SHORT: Final = 25  # as long as BuildKit's


def shape_usage(usage: DiskUsage, version: Version) -> dict[str, Any]:
    """Return `usage`, null for what was not asked for."""
    images, containers, volumes = usage.images, usage.containers, usage.volumes
    shape: dict[str, Any] = {
        "LayersSize": usage.layers_bytes,
        "Images": None if images is None else [_image(one, version) for one in images],
        "Containers": None
        if containers is None
        else [list_container(listed, NEWEST, time.time()) for listed in containers],
        "Volumes": None if volumes is None else [_volume(one) for one in volumes],
        "BuildCache": None if usage.cache is None else [_cache_entry(one) for one in usage.cache],
    }
    if version < (1, 42) and usage.cache:
        shape["BuilderSize"] = sum(one.size_bytes for one in usage.cache)
    return shape


def _image(usage: ImageUsage, version: Version) -> dict[str, Any]:
    shape = list_image(
        usage.image, version, containers=usage.containers, shared_bytes=usage.shared_bytes
    )
    names = {
        "RepoTags": [reference.familiar for reference in usage.image.references] or None,
        "RepoDigests": [reference.familiar for reference in usage.image.digests] or None,
    }
    return {**shape, **names, "Containers": usage.containers}


def _volume(usage: VolumeUsage) -> dict[str, Any]:
    data = {"RefCount": len(usage.found.holders), "Size": usage.size_bytes}
    return {**shape_volume(usage.found), "UsageData": data}


def _cache_entry(entry: CacheEntry) -> dict[str, Any]:
    return {
        "ID": entry.id[:_SHORT],
        "Type": entry.type,
        "Description": entry.description,
        "InUse": False,  # a build keeps what it uses, whatever is done to the cache
        "Shared": entry.is_shared,
        "Size": entry.size_bytes,
        "CreatedAt": rfc3339(int(entry.made_at * 1e9)),
        "LastUsedAt": rfc3339(int(entry.used_at * 1e9)),
        "UsageCount": entry.uses,
    }
