"""`seacan compose version`: seacan's own, and whose ways compose has."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT
from seacan.compose.names import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("format", "f", TEXT, "How to print it: pretty or json"),
    Flag("short", "", SWITCH, "Print the version alone"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    """Print the version of docker compose that this one is like: scripts ask for it."""
    if values.on("short"):
        print(VERSION)
    elif values.text("format").lower() == "json":
        print(f'{{"version":"{VERSION}"}}')
    else:
        from seacan.client.version import CLIENT_VERSION

        print(f"seacan compose version {CLIENT_VERSION}, like Docker Compose version {VERSION}")
    return 0
