"""`seacan manifest rm`: forget lists that were begun here."""

from __future__ import annotations

from seacan.cli.manifest_lists import ManifestLists

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    lists = ManifestLists(session.config_path)
    for name in arguments:
        lists.remove(name)
    return 0
