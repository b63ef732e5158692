"""`seacan save`: images as an archive that `load`, and other tools of OCI layouts, can read."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.archive import OUTPUT, write_archive
from seacan.cli.platform import PLATFORMS, platforms_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    OUTPUT,
    Flag("platform", "", PLATFORMS, "Save images of these platforms alone, as in linux/arm64"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    platforms = platforms_json(values.texts("platform"))
    write_archive(
        values.text("output"), lambda: session.client.images.save(arguments, platforms=platforms)
    )
    return 0
