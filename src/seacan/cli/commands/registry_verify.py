"""`seacan registry verify`: whether a registry's directory is whole."""

from __future__ import annotations

from seacan.cli import registry_process
from seacan.cli.flags import Flag
from seacan.cli.values import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("root", "", TEXT, "Directory of a registry that does not run"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    registry_process.become("verify", FLAGS, values)
