"""`--disable-content-trust`: signatures of a notary, which seacan does not look for."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH_ON
from seacan.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values

DISABLE_TRUST = Flag(
    "disable-content-trust",
    "",
    SWITCH_ON,
    "Do not look for signatures of the image, which are not supported",
    shown="true",
)


def require_no_trust(values: Values) -> None:
    """Raise Unsupported if signatures are asked for."""
    if not values.on("disable-content-trust"):
        raise Unsupported("--disable-content-trust=false is not supported: there is no notary")
