"""Lists of what a step copies, as its worker reads them."""

import json
import os
import threading
from pathlib import Path

import anyio

from seacan.build.context_tree import ContextTree, opened
from seacan.build.listing import Listing, encode
from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member


def test_lists_of_any_length_come_back_whole(tmp_path: Path) -> None:
    """They are made in parts, for the sake of all others in the process."""
    contents = os.open(tmp_path / "contents", os.O_CREAT | os.O_RDWR)
    xattrs, segments = {"user.a": b"\xff, ]"}, (Segment(0, 1),)
    for count in (0, 1, 999, 1000, 1001, 2500):
        members = [
            (
                Member(f"d/{n}, [", Kind.FILE, 0o644, 0, 0, n, 1, xattrs=xattrs, segments=segments),
                n,
            )
            for n in range(count)
        ]
        data = encode(iter(members))
        assert len(json.loads(data)) == count
        assert Listing(data, contents).members == members
    os.close(contents)


def test_a_context_is_made_and_let_go_in_a_thread(tmp_path: Path) -> None:
    """The end of a large one takes as long as its making: nobody would be answered meanwhile."""
    threads = []

    class Watched(ContextTree):
        def close(self) -> None:
            threads.append(threading.get_ident())
            super().close()

    async def use() -> None:
        async with opened(lambda: Watched(tmp_path)) as tree:
            assert tree.names("") == []

    anyio.run(use)
    assert threads
    assert threading.get_ident() not in threads
