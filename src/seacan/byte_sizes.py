"""Sizes in bytes as Docker's options have them: 10m, 2kb, 1.5GiB."""

import re
from typing import Final

from seacan.errors import InvalidArgument

_SIZE: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?([a-z]*)", re.IGNORECASE | re.ASCII)
_UNITS: Final = "kmgtp"
_MOST: Final = (1 << 63) - 1


def size_bytes(text: str, *, thousand: int) -> int:
    """Return a size in bytes; `thousand` is 1000 or 1024, whatever the suffix.

    Raises InvalidArgument. Source: docker/go-units, FromHumanSize and RAMInBytes.
    """
    match = _SIZE.fullmatch(text)
    if not match or len(text) > 32:
        raise InvalidArgument(f"invalid size: '{text}'")
    suffix = match[2].lower()
    unit = suffix[:1] if suffix not in ("", "b") else ""
    if suffix not in ("", "b", unit, f"{unit}b", f"{unit}ib") or (unit and unit not in _UNITS):
        raise InvalidArgument(f"invalid suffix: '{match[2]}'")
    power = _UNITS.index(unit) + 1 if unit else 0
    return min(int(float(match[1]) * thousand**power), _MOST)
