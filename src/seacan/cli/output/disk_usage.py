"""GET /system/df as rows: a summary by kind of object, and the objects one by one.

Source: what docker 28 makes of the same answer.
"""

from __future__ import annotations

from seacan.cli.output.container_fields import CONTAINERS, container_fields
from seacan.cli.output.image_fields import IMAGES, image_fields
from seacan.cli.output.rows import Listing, Row
from seacan.cli.output.table import short_id
from seacan.cli.output.units import age, decimal_size, go_time, precise_size
from seacan.cli.output.volume_fields import VOLUMES, volume_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

USAGE = Listing(
    "*formatter.diskUsageImagesContext",
    {
        "Type": "TYPE",
        "TotalCount": "TOTAL",
        "Active": "ACTIVE",
        "Size": "SIZE",
        "Reclaimable": "RECLAIMABLE",
    },
    ("Type", "TotalCount", "Active", "Size", "Reclaimable"),
    raw="type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\n"
    "reclaimable: {{.Reclaimable}}\n",
)
CACHE_RECORDS = Listing(
    "*formatter.buildCacheContext",
    {
        "ID": "CACHE ID",
        "Parent": "PARENT",
        "CacheType": "CACHE TYPE",
        "Size": "SIZE",
        "CreatedAt": "CREATED AT",
        "CreatedSince": "CREATED",
        "LastUsedAt": "LAST USED AT",
        "LastUsedSince": "LAST USED",
        "UsageCount": "USAGE",
        "InUse": "IN USE",
        "Shared": "SHARED",
        "Description": "DESCRIPTION",
    },
    ("ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared"),
    raw="build_cache_id: {{.ID}}\nparent_id: {{.Parent}}\nbuild_cache_type: {{.CacheType}}\n"
    "description: {{.Description}}\ncreated_at: {{.CreatedAt}}\n"
    "created_since: {{.CreatedSince}}\nlast_used_at: {{.LastUsedAt}}\n"
    "last_used_since: {{.LastUsedSince}}\nusage_count: {{.UsageCount}}\nin_use: {{.InUse}}\n"
    "shared: {{.Shared}}\n",
)
# Of each kind: what it is called alone, what stands above its table, its rows, and its columns.
DETAILS = {
    "Images": (
        "Image",
        "Images space usage:",
        IMAGES,
        (*IMAGES.columns, "SharedSize", "UniqueSize", "Containers"),
    ),
    "Containers": (
        "Container",
        "Containers space usage:",
        CONTAINERS,
        ("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"),
    ),
    "Volumes": ("Volume", "Local Volumes space usage:", VOLUMES, ("Name", "Links", "Size")),
    "BuildCache": ("Build Cache", "Build cache usage:", CACHE_RECORDS, None),
}
_RUNNING = ("running", "paused", "restarting")


def summary(usage: dict[str, Any]) -> list[Row]:
    """Return a row for each kind of object."""
    return [
        _images(usage.get("Images") or [], usage.get("LayersSize") or 0),
        _containers(usage.get("Containers") or []),
        _volumes(usage.get("Volumes") or []),
        _build_cache(usage.get("BuildCache") or []),
    ]


def _images(images: list[dict[str, Any]], layers_bytes: int) -> Row:
    active = [image for image in images if image["Containers"] > 0]
    # What a used image shares with another goes with neither of them.
    used = sum(image["Size"] - image["SharedSize"] for image in active)
    return _row("Images", len(images), len(active), layers_bytes, layers_bytes - used)


def _containers(containers: list[dict[str, Any]]) -> Row:
    stopped = [one for one in containers if one["State"] not in _RUNNING]
    active = len(containers) - len(stopped)
    return _row("Containers", len(containers), active, _written(containers), _written(stopped))


def _written(containers: Iterable[dict[str, Any]]) -> int:
    return sum(container.get("SizeRw") or 0 for container in containers)


def _volumes(volumes: list[dict[str, Any]]) -> Row:
    measured = [one["UsageData"] for one in volumes if one["UsageData"]["Size"] >= 0]
    total = sum(one["Size"] for one in measured)
    unused = sum(one["Size"] for one in measured if not one["RefCount"])
    active = sum(one["UsageData"]["RefCount"] > 0 for one in volumes)
    return _row("Local Volumes", len(volumes), active, total, unused)


def _build_cache(records: list[dict[str, Any]]) -> Row:
    used = [record for record in records if record["InUse"]]
    unused = own_cache_bytes(record for record in records if not record["InUse"])
    row = _row("Build Cache", len(records), len(used), own_cache_bytes(records), unused)
    row["Reclaimable"] = precise_size(unused)
    return row


def own_cache_bytes(records: Iterable[dict[str, Any]]) -> int:
    """Return what the records take that nobody else has as well."""
    return sum(record["Size"] for record in records if not record["Shared"])


def _row(kind: str, count: int, active: int, size_bytes: int, unused_bytes: int) -> Row:
    share = f" ({unused_bytes * 100 // size_bytes}%)" if size_bytes > 0 else ""
    return Row(
        {
            "Type": kind,
            "TotalCount": str(count),
            "Active": str(active),
            "Size": precise_size(size_bytes),
            "Reclaimable": f"{precise_size(unused_bytes)}{share}",
        }
    )


def details(usage: dict[str, Any], now: float, *, whole: bool) -> dict[str, list[Row]]:
    """Return the rows of each kind in DETAILS; `whole`: nothing is cut to fit."""
    return {
        "Images": [_image(image, now, whole) for image in usage.get("Images") or []],
        "Containers": [
            _container(container, now, whole) for container in usage.get("Containers") or []
        ],
        "Volumes": [volume_fields(volume) for volume in usage.get("Volumes") or []],
        "BuildCache": [
            _cache_record(record, now, whole)
            for record in sorted(usage.get("BuildCache") or [], key=_last_use)
        ],
    }


def _image(image: dict[str, Any], now: float, whole: bool) -> Row:
    # Of all its names the first tag is shown, and a digest is none.
    row = image_fields(image | {"RepoDigests": []}, now=now, whole=whole)[0]
    row["Digest"] = ""
    return row


def _container(container: dict[str, Any], now: float, whole: bool) -> Row:
    row = container_fields(container, now=now, whole=whole)
    row["Size"] = decimal_size(container.get("SizeRw") or 0)
    return row


def _last_use(record: dict[str, Any]) -> tuple[str, str]:
    """Return what puts records in order: those that were not used first, then the oldest."""
    return record.get("LastUsedAt") or "", record["ID"]


def _cache_record(record: dict[str, Any], now: float, whole: bool) -> Row:
    from datetime import datetime

    def since(moment: str | None) -> str:
        return f"{age(now - datetime.fromisoformat(moment).timestamp())} ago" if moment else ""

    record_id = record["ID"] if whole else short_id(record["ID"])
    last_used = record.get("LastUsedAt")
    return Row(
        {
            "CacheType": record.get("Type", ""),
            "CreatedAt": go_time(record["CreatedAt"]),
            "CreatedSince": since(record["CreatedAt"]),
            "Description": record.get("Description", ""),
            "ID": f"{record_id}*" if record["InUse"] else record_id,
            "InUse": str(bool(record["InUse"])).lower(),
            "LastUsedAt": go_time(last_used) if last_used else "",
            "LastUsedSince": since(last_used),
            # The space is there: moby, api/types/build, CacheRecord.
            "Parent": ", ".join(record.get(" Parents") or ()),
            "Shared": str(bool(record["Shared"])).lower(),
            "Size": precise_size(record["Size"]),
            "UsageCount": str(record.get("UsageCount", 0)),
        }
    )
