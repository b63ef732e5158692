"""Pieces of an answer: in order, together if they come at once, and none is lost."""

import anyio
import pytest

from seacan.api.gathered import gathered
from seacan.http.streams import ClientGone


def test_pieces_that_come_at_once_are_one() -> None:
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    async def main() -> None:
        async with gathered(send) as tell:
            await tell(b"a")
            await tell(b"b")
            await anyio.wait_all_tasks_blocked()
            assert sent == [b"ab"]
            await tell(b"c")
        assert sent == [b"ab", b"c"]

    anyio.run(main)


def test_who_tells_a_lot_waits_until_it_is_sent() -> None:
    sent: list[int] = []

    async def send(data: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        sent.append(len(data))

    async def main() -> None:
        async with gathered(send) as tell:
            await tell(b"x" * (1 << 20))
            assert sent == [1 << 20]

    anyio.run(main)


def test_a_client_that_has_gone_ends_what_tells() -> None:
    async def send(data: bytes) -> None:
        raise ClientGone("in a test")

    async def main() -> None:
        async with gathered(send) as tell:
            await tell(b"x")
            await anyio.sleep_forever()

    with pytest.raises(ClientGone):
        anyio.run(main)


def test_what_raises_has_told_nothing_more() -> None:
    """So that an error can still be the answer."""
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    async def main() -> None:
        async with gathered(send):
            raise KeyError

    with pytest.raises(KeyError):
        anyio.run(main)
    assert sent == []
