"""The version of this release: what every executable and the API say."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

VERSION: Final = "0.1.0"

# Engine API, the versions that the daemon answers in.
API_VERSION: Final = "1.51"
API_VERSION_LEAST: Final = "1.24"
