"""`seacan import`: a root file system's tar becomes an image."""

from __future__ import annotations

import sys

from seacan.cli.flags import Flag
from seacan.cli.input import open_archive, pieces_of
from seacan.cli.output.progress import show
from seacan.cli.values import TEXT, TEXTS
from seacan.client.client import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.client.transport import Response

FLAGS = (
    Flag("change", "c", TEXTS, "Dockerfile instruction to apply, as in 'CMD [\"sh\"]'"),
    Flag("message", "m", TEXT, "Comment to keep with the image"),
    Flag("platform", "", TEXT, "Platform of the image, as in linux/arm64"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    source, reference = arguments[0], arguments[1] if len(arguments) > 1 else None

    def send(source: str, pieces: object) -> Response:
        return session.client.images.import_rootfs(
            pieces,  # type: ignore[arg-type]
            source=source,
            reference=reference,
            message=values.text("message"),
            changes=values.texts("change"),
            platform=values.text("platform"),
        )

    if source.startswith(("http://", "https://")):
        with send(source, ()) as reply:
            show(messages(reply.pieces()), sys.stdout)
        return 0
    with open_archive(source) as archive, send("-", pieces_of(archive)) as reply:
        show(messages(reply.pieces()), sys.stdout)
    return 0
