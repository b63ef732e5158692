"""How much containers have written, and how much there is below that. Blocks: it reads the disk."""

import msgspec

from seacan.engine.containers.container import Container
from seacan.engine.context import Context
from seacan.engine.tree_size import tree_bytes


class Sizes(msgspec.Struct, frozen=True):
    """`root_bytes` is the image and what was written over it."""

    written_bytes: int
    root_bytes: int


def sizes(context: Context, record: Container) -> Sizes:
    written = tree_bytes(context.data_root.container(record.id).upper)
    return Sizes(written, written + context.images.snapshots.held_bytes(record.id))
