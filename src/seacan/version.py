"""The version of this release: what every executable says, and the API of each component."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

VERSION: Final = "0.1.0"

# Engine API, the versions that the daemon answers in.
API_VERSION: Final = "1.51"
API_VERSION_LEAST: Final = "1.24"

# What the daemon says to those who ask for a Docker of at least some version: the release of Docker
# that has this API, and behind it, as semantic versions have it, our own.
SERVER_VERSION: Final = f"28.5.2+seacan.{VERSION}"
