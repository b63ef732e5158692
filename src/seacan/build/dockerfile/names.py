"""Names of stages."""

import re
from typing import Final

from seacan.build.dockerfile.errors import Misplaced

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9-_.]*")


def check_stage_name(name: str) -> None:
    """Check what stands after AS; an empty name is none. Raises Misplaced."""
    if name and not _STAGE_NAME.fullmatch(name.lower()):
        raise Misplaced(
            f'invalid name for build stage: "{name}", '
            "name can't start with a number or contain symbols",
            name,
        )
