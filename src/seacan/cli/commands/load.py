"""`seacan load`: images from an archive."""

from __future__ import annotations

import sys

from seacan.cli.flags import Flag
from seacan.cli.input import open_archive, pieces_of
from seacan.cli.output.progress import show
from seacan.cli.platform import PLATFORMS, platforms_json
from seacan.cli.values import SWITCH, TEXT
from seacan.client.client import messages
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("input", "i", TEXT, "Read this file instead of standard input"),
    Flag("platform", "", PLATFORMS, "Load images of these platforms alone, as in linux/arm64"),
    Flag("quiet", "q", SWITCH, "Do not show progress"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name = values.text("input")
    if not name and sys.stdin.isatty():
        raise InvalidArgument("requested load from stdin, but stdin is empty")
    with open_archive(name or "-") as archive:
        reply = session.client.images.load(
            pieces_of(archive),
            quiet=values.on("quiet") or not sys.stdout.isatty(),
            platforms=platforms_json(values.texts("platform")),
        )
        with reply:
            show(messages(reply.pieces()), sys.stdout)
    return 0
