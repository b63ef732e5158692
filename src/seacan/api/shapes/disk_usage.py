"""GET /system/df."""

import time
from typing import Any

from seacan.api.shapes.images import list_image
from seacan.api.shapes.listing import list_container
from seacan.api.versions import Version
from seacan.engine.disk_usage import DiskUsage, ImageUsage


def shape_usage(
    usage: DiskUsage, version: Version, *, volumes: bool, build_cache: bool
) -> dict[str, Any]:
    """Return `usage`, with the empty lists that were asked for and null for what was not."""
    images, containers = usage.images, usage.containers
    return {
        "LayersSize": usage.layers_bytes,
        "Images": None if images is None else [_image(one, version) for one in images],
        "Containers": None
        if containers is None
        else [list_container(listed, version, time.time()) for listed in containers],
        "Volumes": [] if volumes else None,
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
