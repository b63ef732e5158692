"""`seacan manifest push`: put a list into its registry."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.manifest_lists import ManifestLists, whole
from seacan.cli.values import SWITCH
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("purge", "p", SWITCH, "Forget the list here once it is there"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name = arguments[0]
    lists = ManifestLists(session.config_path)
    entries = lists.get(name)
    for entry in entries:
        if not (entry["Platform"].get("os") and entry["Platform"].get("architecture")):
            raise InvalidArgument(
                f"manifest {entry['Name']} must have an OS and an architecture to be pushed"
            )
    digest = session.client.registries.push_list(
        whole(name),
        [{"Source": entry["Source"], "Platform": entry["Platform"]} for entry in entries],
        headers=session.registry_headers(name),
    )
    if values.on("purge"):
        lists.remove(name)
    print(digest)
    return 0
