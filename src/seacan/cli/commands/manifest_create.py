"""`seacan manifest create`: begin a list of images that are in a registry."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.manifest_lists import ManifestLists, whole
from seacan.cli.values import SWITCH
from seacan.client.images import split_reference
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("amend", "a", SWITCH, "Add to a list that was begun before"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name, images = arguments[0], arguments[1:]
    lists = ManifestLists(session.config_path)
    entries = lists.find(name)
    if entries is not None and not values.on("amend"):
        raise InvalidArgument("refusing to amend an existing manifest list with no --amend flag")
    by_name = {entry["Name"]: entry for entry in entries or []}
    for image in images:
        entry = _entry(session, image)
        by_name[entry["Name"]] = entry
    lists.put(name, list(by_name.values()))
    print(f"Created manifest list {whole(name)}")
    return 0


def _entry(session: Session, image: str) -> dict[str, Any]:
    found = session.client.registries.inspect(image, headers=session.registry_headers(image))
    media_type = str(found["Descriptor"]["mediaType"])
    if "index" in media_type or "list" in media_type:
        raise InvalidArgument(f"{image} is a manifest list")
    repository, _ = split_reference(whole(image))
    platforms = found.get("Platforms") or [{}]
    descriptor = {key: found["Descriptor"][key] for key in ("mediaType", "size", "digest")}
    return {
        "Name": whole(image),
        "Source": f"{repository}@{descriptor['digest']}",
        "Descriptor": descriptor,
        "Platform": platforms[0],
    }
