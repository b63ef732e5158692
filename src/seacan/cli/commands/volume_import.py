"""`seacan volume import`: a volume of what a tar archive has."""

from __future__ import annotations

from seacan.cli.container_values import LABELS
from seacan.cli.flags import Flag
from seacan.cli.input import open_archive, pieces_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("label", "", LABELS, "Label, NAME=VALUE"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name, source = arguments
    with open_archive(source) as archive:
        made = session.client.volumes.import_archive(
            name, pieces_of(archive), labels=values.texts("label")
        )
    print(made["Name"])
    return 0
