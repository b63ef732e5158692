"""Removing at once all volumes that nobody has. Blocks."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from msgspec import field

from seacan import errors, log
from seacan.engine.tree_size import tree_bytes
from seacan.volumes.volume import Found


class PrunedVolumes(msgspec.Struct):
    names: list[str] = field(default_factory=list)
    reclaimed_bytes: int = 0


def prune(chosen: Iterable[Found], remove: Callable[[str], None]) -> PrunedVolumes:
    """Remove the volumes `chosen`; one that cannot be is logged and stays."""
    pruned = PrunedVolumes()
    for found in chosen:
        size_bytes = tree_bytes(Path(found.mountpoint))
        try:
            remove(found.volume.name)
        except errors.SeacanError as err:  # somebody took or removed it meanwhile
            log.warn("volume is not pruned", name=found.volume.name, error=err)
            continue
        pruned.names.append(found.volume.name)
        pruned.reclaimed_bytes += size_bytes
    return pruned
