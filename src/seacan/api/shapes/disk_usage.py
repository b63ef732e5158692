"""GET /system/df."""

import time
from typing import Any

from seacan.api.shapes.images import list_image
from seacan.api.shapes.listing import list_container
from seacan.api.shapes.volumes import shape_volume
from seacan.api.versions import NEWEST, Version
from seacan.engine.disk_usage import DiskUsage, ImageUsage, VolumeUsage


def shape_usage(usage: DiskUsage, version: Version, *, build_cache: bool) -> dict[str, Any]:
    """Return `usage`, null for what was not asked for; the build cache is empty."""
    images, containers, volumes = usage.images, usage.containers, usage.volumes
    return {
        "LayersSize": usage.layers_bytes,
        "Images": None if images is None else [_image(one, version) for one in images],
        "Containers": None
        if containers is None
        else [list_container(listed, NEWEST, time.time()) for listed in containers],
        "Volumes": None if volumes is None else [_volume(one) for one in volumes],
        "BuildCache": [] if build_cache else None,
    }


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
