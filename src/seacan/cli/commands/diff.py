"""`seacan diff`: what a container changed of its image's files."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()
_LETTERS = "CAD"  # by the API's numbers: changed, added, deleted


def run(session: Session, values: Values, arguments: list[str]) -> int:
    for change in session.client.containers.changes(arguments[0]):
        print(f"{_LETTERS[change['Kind']]} {change['Path']}")
    return 0
