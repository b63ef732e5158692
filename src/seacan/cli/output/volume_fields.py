"""The fields of a volume in a list, by the names that Docker's formats give them."""

from __future__ import annotations

from seacan.cli.output.rows import Listing, Row
from seacan.cli.output.units import precise_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VOLUMES = Listing(
    "*formatter.volumeContext",
    {
        "Name": "VOLUME NAME",
        "Group": "GROUP",
        "Driver": "DRIVER",
        "Scope": "SCOPE",
        "Availability": "AVAILABILITY",
        "Mountpoint": "MOUNTPOINT",
        "Labels": "LABELS",
        "Links": "LINKS",
        "Size": "SIZE",
        "Status": "STATUS",
    },
    ("Driver", "Name"),
    raw="name: {{.Name}}\ndriver: {{.Driver}}\n",
    has_labels=True,
)
# Of volumes in a swarm alone.
_NEVER = dict.fromkeys(("Availability", "Group", "Status"), "N/A")


def volume_fields(volume: dict[str, Any]) -> Row:
    """Return the fields of a volume; who uses it and its size are known in `system df` alone."""
    labels = volume.get("Labels") or {}
    usage = volume.get("UsageData") or {}
    used, size_bytes = usage.get("RefCount", -1), usage.get("Size", -1)
    row = Row(
        _NEVER
        | {
            "Driver": volume.get("Driver", ""),
            "Labels": ",".join(sorted(f"{name}={value}" for name, value in labels.items())),
            "Links": "N/A" if used == -1 else str(used),
            "Mountpoint": volume.get("Mountpoint", ""),
            "Name": volume["Name"],
            "Scope": volume.get("Scope", ""),
            "Size": "N/A" if size_bytes == -1 else precise_size(size_bytes),
        }
    )
    row.labels = labels
    return row
