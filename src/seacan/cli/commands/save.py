"""`seacan save`: images as an archive that `load`, and other tools of OCI layouts, can read."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.archive import OUTPUT, write_archive
from seacan.cli.platform import platform_json
from seacan.cli.values import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    OUTPUT,
    Flag("platform", "", TEXT, "Save this platform's images alone, as in linux/arm64"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    platform = platform_json(values.text("platform"))
    write_archive(
        values.text("output"), lambda: session.client.images.save(arguments, platform=platform)
    )
    return 0
