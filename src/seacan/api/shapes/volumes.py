"""A volume as the Engine API shows it. Source: Engine API 1.51, Volume."""

from typing import Any

from seacan.volumes.volume import Found


def shape_volume(found: Found) -> dict[str, Any]:
    volume = found.volume
    status = {"Status": found.status} if found.status is not None else {}
    return {
        "CreatedAt": volume.created_at,
        "Driver": volume.driver,
        "Labels": volume.labels,
        "Mountpoint": found.mountpoint,
        "Name": volume.name,
        "Options": volume.options,
        "Scope": found.scope,
        **status,
    }
