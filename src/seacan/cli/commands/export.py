"""`seacan export`: the root file system of a container as a tar archive."""

from __future__ import annotations

from seacan.cli.output.archive import OUTPUT, write_archive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (OUTPUT,)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    write_archive(values.text("output"), lambda: session.client.containers.export(arguments[0]))
    return 0
