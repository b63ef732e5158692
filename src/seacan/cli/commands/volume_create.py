"""`seacan volume create`: a volume, named or not."""

from __future__ import annotations

from seacan.cli.container_values import LABELS
from seacan.cli.flags import Flag
from seacan.cli.input import labels_of
from seacan.cli.values import PAIRS, one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("driver", "d", one("string", "local", str), "What makes it", shown='"local"'),
    Flag("label", "", LABELS, "Label, NAME=VALUE"),
    Flag("opt", "o", PAIRS, "Option of the driver, NAME=VALUE"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    made = session.client.volumes.create(
        arguments[0] if arguments else "",
        driver=values.text("driver"),
        options=values.mapping("opt"),
        labels=labels_of([], values.texts("label")),
    )
    print(made["Name"])
    return 0
