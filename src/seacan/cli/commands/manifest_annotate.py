"""`seacan manifest annotate`: say what an image of a list is for."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.manifest_lists import ManifestLists, whole
from seacan.cli.values import TEXT
from seacan.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("arch", "", TEXT, "Its architecture"),
    Flag("os", "", TEXT, "Its operating system"),
    Flag("variant", "", TEXT, "The variant of its architecture"),
)
_KEYS = {"arch": "architecture", "os": "os", "variant": "variant"}


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name, image = arguments
    lists = ManifestLists(session.config_path)
    entries = lists.get(name)
    entry = next((one for one in entries if one["Name"] == whole(image)), None)
    if entry is None:
        raise NotFound(f"manifest for image {image} does not exist in {name}")
    for flag, key in _KEYS.items():
        if values.text(flag):
            entry["Platform"][key] = values.text(flag)
    lists.put(name, entries)
    return 0
