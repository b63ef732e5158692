"""A container made anew: its follower has another name until it takes the place of the old one."""

from __future__ import annotations

from seacan.compose.making import create_container, links_of
from seacan.compose.names import container_name, joined
from seacan.compose.request import Making
from seacan.compose.worksite import Telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.containers import Found
    from seacan.compose.model.project import Project
    from seacan.compose.plan import Newness
    from seacan.compose.worksite import Worksite


def replace_container(site: Worksite, project: Project, newness: Newness, old: Found) -> str:
    """Replace `old`, and return the id of its follower, which is not started."""
    with Telling(site, f"Container {old.name}", "Recreate", "Recreated"):
        made = make_follower(site, project, newness, old)
        site.client.containers.stop(old.id, timeout_s=newness.timeout_s)
        site.client.containers.remove(old.id)
        site.client.containers.rename(made, usual_name(project, newness, old))
    return made


def usual_name(project: Project, newness: Newness, old: Found) -> str:
    """Return the name that `old` has or had, and its follower is to have."""
    return container_name(project, newness.name, newness.service, old.number)


def make_follower(site: Worksite, project: Project, newness: Newness, old: Found) -> str:
    """Make what is to follow `old`, under a name that begins with its id; return the new id."""
    name, service = newness.name, newness.service
    making = Making(
        aside(old.id, usual_name(project, newness, old)),
        old.number,
        newness.present.image_id,
        links_of(site, project, service, old.number),
        inherited={} if newness.renew_volumes else _volumes_of(site, service, old),
        replaces=service.get("container_name") or joined(project, name, old.number),
    )
    return create_container(site, project, name, service, making)


def aside(other_id: str, usual: str) -> str:
    """Return the name of a container while the one with `other_id` has its `usual` one."""
    return f"{other_id[:12]}_{usual}"


def _volumes_of(
    site: Worksite, service: Mapping[str, Any], old: Found
) -> dict[str, dict[str, Any]]:
    """Return the anonymous volumes of `old` that its follower has, too."""
    anonymous = {
        mount.get("target")
        for mount in service.get("volumes", ())
        if mount.get("type") == "volume" and not mount.get("source")
    }
    image = site.client.images.inspect(old.summary["ImageID"])
    anonymous |= set((image.get("Config") or {}).get("Volumes") or ())
    return {
        mount["Destination"]: {
            "Type": "volume",
            "Source": mount["Name"],
            "Target": mount["Destination"],
            "ReadOnly": not mount.get("RW", True),
        }
        for mount in old.summary.get("Mounts") or ()
        if mount.get("Type") == "volume" and mount["Destination"] in anonymous
    }
