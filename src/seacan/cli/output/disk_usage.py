"""GET /system/df as rows: a summary by kind of object, and the objects one by one.

Source: what docker 28 makes of the same answer.
"""

from __future__ import annotations

from seacan.cli.output.container_fields import container_fields
from seacan.cli.output.image_fields import image_fields
from seacan.cli.output.table import short_id
from seacan.cli.output.units import age, precise_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

SUMMARY_HEADERS = {
    "Type": "TYPE",
    "TotalCount": "TOTAL",
    "Active": "ACTIVE",
    "Size": "SIZE",
    "Reclaimable": "RECLAIMABLE",
}
# Of each kind, what stands above its table, and the table's headers by field.
DETAILS = {
    "Images": (
        "Images space usage:",
        {
            "Repository": "REPOSITORY",
            "Tag": "TAG",
            "ID": "IMAGE ID",
            "CreatedSince": "CREATED",
            "Size": "SIZE",
            "SharedSize": "SHARED SIZE",
            "UniqueSize": "UNIQUE SIZE",
            "Containers": "CONTAINERS",
        },
    ),
    "Containers": (
        "Containers space usage:",
        {
            "ID": "CONTAINER ID",
            "Image": "IMAGE",
            "Command": "COMMAND",
            "LocalVolumes": "LOCAL VOLUMES",
            "Size": "SIZE",
            "RunningFor": "CREATED",
            "Status": "STATUS",
            "Names": "NAMES",
        },
    ),
    "Volumes": (
        "Local Volumes space usage:",
        {"Name": "VOLUME NAME", "Links": "LINKS", "Size": "SIZE"},
    ),
    "BuildCache": (
        "Build cache usage:",
        {
            "ID": "CACHE ID",
            "CacheType": "CACHE TYPE",
            "Size": "SIZE",
            "CreatedSince": "CREATED",
            "LastUsedSince": "LAST USED",
            "UsageCount": "USAGE",
            "Shared": "SHARED",
        },
    ),
}
_RUNNING = ("running", "paused", "restarting")


def summary(usage: dict[str, Any]) -> list[dict[str, str]]:
    """Return a row for each kind of object."""
    return [
        _images(usage.get("Images") or [], usage.get("LayersSize") or 0),
        _containers(usage.get("Containers") or []),
        _volumes(usage.get("Volumes") or []),
        _build_cache(usage.get("BuildCache") or []),
    ]


def _images(images: list[dict[str, Any]], layers_bytes: int) -> dict[str, str]:
    active = [image for image in images if image["Containers"] > 0]
    # What a used image shares with another goes with neither of them.
    used = sum(image["Size"] - image["SharedSize"] for image in active)
    return _row("Images", len(images), len(active), layers_bytes, layers_bytes - used)


def _containers(containers: list[dict[str, Any]]) -> dict[str, str]:
    stopped = [one for one in containers if one["State"] not in _RUNNING]
    active = len(containers) - len(stopped)
    return _row("Containers", len(containers), active, _written(containers), _written(stopped))


def _written(containers: Iterable[dict[str, Any]]) -> int:
    return sum(container.get("SizeRw") or 0 for container in containers)


def _volumes(volumes: list[dict[str, Any]]) -> dict[str, str]:
    measured = [one["UsageData"] for one in volumes if one["UsageData"]["Size"] >= 0]
    total = sum(one["Size"] for one in measured)
    unused = sum(one["Size"] for one in measured if not one["RefCount"])
    active = sum(one["UsageData"]["RefCount"] > 0 for one in volumes)
    return _row("Local Volumes", len(volumes), active, total, unused)


def _build_cache(records: list[dict[str, Any]]) -> dict[str, str]:
    used = sum(bool(record["InUse"]) for record in records)
    own = [record for record in records if not record["Shared"]]
    total = sum(record["Size"] for record in own)
    unused = sum(record["Size"] for record in own if not record["InUse"])
    row = _row("Build Cache", len(records), used, total, unused)
    return {**row, "Reclaimable": precise_size(unused)}


def _row(kind: str, count: int, active: int, size_bytes: int, unused_bytes: int) -> dict[str, str]:
    share = f" ({unused_bytes * 100 // size_bytes}%)" if size_bytes > 0 else ""
    return {
        "Type": kind,
        "TotalCount": str(count),
        "Active": str(active),
        "Size": precise_size(size_bytes),
        "Reclaimable": f"{precise_size(unused_bytes)}{share}",
    }


def details(
    usage: dict[str, Any], now: float, *, whole: bool
) -> dict[str, list[dict[str, str | None]]]:
    """Return the rows of each kind in DETAILS; `whole`: nothing is cut to fit."""
    return {
        "Images": [_image(image, now, whole) for image in usage.get("Images") or []],
        "Containers": [
            _container(container, now, whole) for container in usage.get("Containers") or []
        ],
        "Volumes": [_volume(volume) for volume in usage.get("Volumes") or []],
        "BuildCache": [
            _cache_record(record, now, whole) for record in usage.get("BuildCache") or []
        ],
    }


def _image(image: dict[str, Any], now: float, whole: bool) -> dict[str, str | None]:
    first = image_fields(image, now=now, whole=whole)[0]
    return {**first, "Digest": ""}


def _container(container: dict[str, Any], now: float, whole: bool) -> dict[str, str | None]:
    size = precise_size(container.get("SizeRw") or 0)
    return {**container_fields(container, now=now, whole=whole), "Size": size}


def _volume(volume: dict[str, Any]) -> dict[str, str | None]:
    used, size = volume["UsageData"]["RefCount"], volume["UsageData"]["Size"]
    return {
        "Driver": volume.get("Driver", ""),
        "Mountpoint": volume.get("Mountpoint", ""),
        "Name": volume["Name"],
        "Links": "N/A" if used == -1 else str(used),
        "Size": "N/A" if size == -1 else precise_size(size),
    }


def _cache_record(record: dict[str, Any], now: float, whole: bool) -> dict[str, str | None]:
    from datetime import datetime

    def since(moment: str | None) -> str:
        return f"{age(now - datetime.fromisoformat(moment).timestamp())} ago" if moment else ""

    return {
        "ID": record["ID"] if whole else short_id(record["ID"]),
        "CacheType": record.get("Type", ""),
        "Size": precise_size(record["Size"]),
        "CreatedSince": since(record.get("CreatedAt")),
        "LastUsedSince": since(record.get("LastUsedAt")),
        "UsageCount": str(record.get("UsageCount", 0)),
        "Shared": str(bool(record["Shared"])).lower(),
    }
