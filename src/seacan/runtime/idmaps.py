"""Id mappings of config.json, judged. Source: config-linux.md#user-namespace-mappings."""

from __future__ import annotations

from itertools import pairwise

from seacan.errors import InvalidArgument
from seacan.kernel import idmaps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, Literal

    from seacan.spec.runtime import IDMapping

_IDS: Final = 2**32 - 1  # the last number, -1, is none


def check(name: str, mappings: Sequence[IDMapping]) -> None:
    """Raise InvalidArgument, with the property `name`, for what the kernel would not take."""
    if not mappings:
        raise InvalidArgument(f"{name}: missing")
    for mapping in mappings:
        for key in ("containerID", "hostID", "size"):
            if key not in mapping:
                raise InvalidArgument(f"{name}: an entry without {key}")
        if mapping["size"] == 0:
            raise InvalidArgument(f"{name}: an entry of size 0")
    if len(mappings) > idmaps.MAX_MAPPINGS or len(idmaps.text(mappings)) > idmaps.MAX_TEXT_BYTES:
        raise InvalidArgument(
            f"{name}: {len(mappings)} entries are more than the kernel takes: at most "
            f"{idmaps.MAX_MAPPINGS} in {idmaps.MAX_TEXT_BYTES} bytes"
        )
    _check_overlap(name, mappings, "containerID")
    _check_overlap(name, mappings, "hostID")


def _check_overlap(
    name: str, mappings: Sequence[IDMapping], key: Literal["containerID", "hostID"]
) -> None:
    ranges = sorted((mapping[key], mapping[key] + mapping["size"]) for mapping in mappings)
    if ranges[-1][1] > _IDS:
        raise InvalidArgument(f"{name}: {key} and size go beyond {_IDS - 1}")
    for (_, end), (start, _) in pairwise(ranges):
        if start < end:
            raise InvalidArgument(f"{name}: {key} {start} is mapped twice")
