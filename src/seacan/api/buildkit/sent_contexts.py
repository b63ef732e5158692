"""Contexts that come with a request of their own, beside that of their build.

    POST /build?buildid=ID&remote=upload-request      waits for
    POST /build?buildid=upload-request:ID             the archive in this one's body

Either may come first. Neither waits long for the other, and what nobody takes is dropped.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio
import msgspec
from msgspec import field

from seacan.build.context_tree import ContextTree, let_go
from seacan.errors import Conflict, NotFound

_COMES_S: Final = 5.0


class _Meeting(msgspec.Struct):
    users: int = 0
    has_begun: anyio.Event = field(default_factory=anyio.Event)
    has_come: anyio.Event = field(default_factory=anyio.Event)
    is_taken: anyio.Event = field(default_factory=anyio.Event)
    tree: ContextTree | None = None


class SentContexts:
    def __init__(self) -> None:
        self._meetings: dict[str, _Meeting] = {}

    @contextmanager
    def _meet(self, build_id: str) -> Iterator[_Meeting]:
        meeting = self._meetings.setdefault(build_id, _Meeting())
        meeting.users += 1
        try:
            yield meeting
        finally:
            meeting.users -= 1
            if not meeting.users:
                del self._meetings[build_id]

    async def take(self, build_id: str) -> ContextTree:
        """Return the context of a build, now the caller's to close. Raises NotFound."""
        with self._meet(build_id) as meeting:
            with anyio.move_on_after(_COMES_S):
                await meeting.has_begun.wait()
            if meeting.has_begun.is_set():
                await meeting.has_come.wait()  # as slow as its client
            tree, meeting.tree = meeting.tree, None
            if tree is None:
                raise NotFound("no build context was uploaded")
            meeting.is_taken.set()
            return tree

    async def give(
        self, build_id: str, tree: ContextTree, receive: Callable[[], Awaitable[None]]
    ) -> None:
        """Have a build take `tree`, which `receive` fills; it is closed if none does.

        Raises Conflict, NotFound, and what `receive` raises.
        """
        with self._meet(build_id) as meeting:
            if meeting.has_begun.is_set():
                await let_go(tree)
                raise Conflict(f"a context of build {build_id} has come already")
            meeting.has_begun.set()
            try:
                await receive()
                meeting.tree = tree
                meeting.has_come.set()
                with anyio.move_on_after(_COMES_S):
                    await meeting.is_taken.wait()
            finally:
                meeting.has_come.set()
                meeting.tree = None
                if not meeting.is_taken.is_set():
                    await let_go(tree)
            if not meeting.is_taken.is_set():
                raise NotFound("no build takes the context")
