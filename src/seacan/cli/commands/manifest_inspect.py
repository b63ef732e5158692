"""`seacan manifest inspect`: a list that was begun here, or what a registry has."""

from __future__ import annotations

from seacan.cli.manifest_lists import ManifestLists
from seacan.client.client import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    import json

    name = arguments[0]
    shown: object = ManifestLists(session.config_path).find(name)
    if shown is None:
        headers = session.registry_headers(name)
        shown = decode_json(session.client.registries.manifest(name, headers=headers))
    print(json.dumps(shown, indent="\t", ensure_ascii=False))
    return 0
