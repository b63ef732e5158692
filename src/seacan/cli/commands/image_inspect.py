"""`seacan image inspect`: all that the daemon knows of images."""

from __future__ import annotations

from seacan.cli.commands.inspect import FORMAT, print_kind
from seacan.cli.flags import Flag
from seacan.cli.platform import platform_json
from seacan.cli.values import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (FORMAT, Flag("platform", "", TEXT, "Show the image for this platform, as in linux/arm64"))


def run(session: Session, values: Values, arguments: list[str]) -> int:
    platform = platform_json(values.text("platform"))

    def find(name: str) -> dict[str, Any]:
        return session.client.images.inspect(name, platform=platform)

    return print_kind("image", arguments, find, values.text("format"))
