"""The fields of a container in a list, by the names that Docker's formats give them."""

from __future__ import annotations

from seacan.cli.output.ports import ports_text
from seacan.cli.output.rows import Listing, Row
from seacan.cli.output.table import ellipsis, short_id
from seacan.cli.output.units import age, decimal_size, local_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONTAINERS = Listing(
    "*formatter.ContainerContext",
    {
        "ID": "CONTAINER ID",
        "Names": "NAMES",
        "Image": "IMAGE",
        "Command": "COMMAND",
        "CreatedAt": "CREATED AT",
        "RunningFor": "CREATED",
        "Ports": "PORTS",
        "State": "STATE",
        "Status": "STATUS",
        "Size": "SIZE",
        "Labels": "LABELS",
        "Mounts": "MOUNTS",
        "LocalVolumes": "LOCAL VOLUMES",
        "Networks": "NETWORKS",
        "Platform": "PLATFORM",
    },
    ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"),
    raw="container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\n"
    "created_at: {{.CreatedAt}}\nstate: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\n"
    "names: {{.Names}}\nlabels: {{- pad .Labels 1 0}}\nports: {{- pad .Ports 1 0}}\n",
    has_labels=True,
)
RAW_SIZE = "size: {{.Size}}\n"
# What Docker tries a format on before it asks the daemon.
NO_CONTAINER: dict[str, Any] = {"Id": "", "Created": 0}

_COMMAND_COLUMNS = 20
_MOUNT_COLUMNS = 15


def container_fields(container: dict[str, Any], *, now: float, whole: bool = False) -> Row:
    """Return the fields of one item of `GET /containers/json`; `whole`: nothing is cut to fit."""
    command = container.get("Command", "")
    mounts = container.get("Mounts") or []
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    labels = container.get("Labels") or {}
    row = Row(
        {
            "Command": _quoted(command if whole else ellipsis(command, _COMMAND_COLUMNS)),
            "CreatedAt": local_time(container["Created"]),
            "ID": container["Id"] if whole else short_id(container["Id"]),
            "Image": _image(container, whole),
            "Labels": ",".join(sorted(f"{name}={value}" for name, value in labels.items())),
            "LocalVolumes": str(sum(mount.get("Driver") == "local" for mount in mounts)),
            "Mounts": ",".join(_mount(mount, whole) for mount in mounts),
            "Names": _names(container.get("Names") or [], whole),
            "Networks": ",".join(networks),
            "Platform": None,
            "Ports": ports_text(container.get("Ports") or []),
            "RunningFor": f"{age(now - container['Created'])} ago",
            "Size": _size(container),
            "State": container.get("State", ""),
            "Status": container.get("Status", ""),
        }
    )
    row.labels = labels
    return row


def _image(container: dict[str, Any], whole: bool) -> str:
    image: str = container.get("Image", "")
    if not image:
        return "<no image>"
    if whole:
        return image
    # An image that has no name any more is listed by its id.
    if short_id(image) == short_id(container.get("ImageID", "")):
        return short_id(image)
    return image.partition("@")[0]


def _names(names: list[str], whole: bool) -> str:
    """Return the names without their slash; links of others (`/other/name`) only if `whole`."""
    plain = [name.removeprefix("/") for name in names]
    if not whole:
        plain = [name for name in plain if "/" not in name][:1] or plain
    return ",".join(plain)


def _mount(mount: dict[str, Any], whole: bool) -> str:
    name: str = mount.get("Name") or mount.get("Source", "")
    return name if whole else ellipsis(name, _MOUNT_COLUMNS)


def _size(container: dict[str, Any]) -> str:
    written = decimal_size(container.get("SizeRw") or 0)
    total = container.get("SizeRootFs") or 0
    return f"{written} (virtual {decimal_size(total)})" if total else written


def _quoted(text: str) -> str:
    """Return `text` in quotes with Go's escapes, letters of all scripts as they are."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    letters = (escapes.get(c) or (c if c.isprintable() else f"\\x{ord(c):02x}") for c in text)
    return '"' + "".join(letters) + '"'
