"""A build's context on its way: as an inventory where the daemon knows that, else as an archive."""

from __future__ import annotations

import gc

from seacan.cli.build import archive, inventory, memory
from seacan.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from seacan.cli.build.files import Files
    from seacan.cli.build.sources import Source
    from seacan.client.client import Client
    from seacan.client.transport import Response

_PIECE_BYTES = 256 * 1024


def send(
    client: Client, source: Source, query: Mapping[str, object], headers: Mapping[str, str]
) -> Response:
    """Send a context with what is asked for; return the reply, once the daemon has it all."""
    files = source.files
    if files is None:
        return client.builds.build(source.pieces, query=query, headers=headers)
    if files.trees and client.system.ping().is_seacan:
        try:
            return _send_inventory(client, files, query, headers)
        except inventory.Unsayable:
            pass
    return client.builds.build(_gathered(archive.pieces(files)), query=query, headers=headers)


def _send_inventory(
    client: Client, files: Files, query: Mapping[str, object], headers: Mapping[str, str]
) -> Response:
    gc.disable()  # what there is of many files stays until they are sent: looked at in vain
    remembered = memory.recall(files.trees[0].root, str(client.endpoint))
    items = inventory.take(files, remembered)

    def sent(known: Set[str]) -> Response:
        body = _gathered(inventory.body(items, known))
        return client.builds.build_inventory(body, remembered.key, query=query, headers=headers)

    try:
        reply = sent(remembered.sent)
    except NotFound:  # it keeps that context no more, or not all that was sent
        reply = sent(frozenset())
    remembered.save()
    return reply


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same in larger pieces: each is a chunk of its own on the way."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= _PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)
