"""`seacan save`: images as an archive that `load`, and other tools of OCI layouts, can read."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.stream import refuse_terminal, write_pieces
from seacan.cli.platform import platform_json
from seacan.cli.values import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("output", "o", TEXT, "File to write, instead of standard output"),
    Flag("platform", "", TEXT, "Save this platform's images alone, as in linux/arm64"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    refuse_terminal(values.text("output"))
    platform = platform_json(values.text("platform"))
    with session.client.images.save(arguments, platform=platform) as reply:
        write_pieces(reply.pieces(), values.text("output"))
    return 0
