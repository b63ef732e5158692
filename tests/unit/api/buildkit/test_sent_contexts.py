"""Contexts that come with a request of their own: who waits for whom, and who closes them."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from seacan.api.buildkit import sent_contexts
from seacan.api.buildkit.sent_contexts import SentContexts
from seacan.build.context_tree import ContextTree
from seacan.errors import Conflict, Internal, NotFound


class Tree(ContextTree):
    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True
        super().close()


async def nothing() -> None:
    """Receive a context that is there at once."""


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_contexts, "_COMES_S", 0.0)


def run(work: Any) -> None:
    anyio.run(work)


def test_what_nobody_takes_is_closed(tmp_path: Path) -> None:
    tree, contexts = Tree(tmp_path), SentContexts()

    async def work() -> None:
        with pytest.raises(NotFound, match="no build takes the context"):
            await contexts.give("one", tree, nothing)
        assert tree.is_closed
        with pytest.raises(NotFound, match="no build context was uploaded"):
            await contexts.take("one")

    run(work)


def test_what_is_taken_is_the_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_contexts, "_COMES_S", 60.0)
    tree, contexts = Tree(tmp_path), SentContexts()

    async def work() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(contexts.give, "one", tree, nothing)
            assert await contexts.take("one") is tree
        assert not tree.is_closed
        tree.close()

    run(work)


def test_what_cannot_be_received_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_contexts, "_COMES_S", 60.0)
    tree, contexts = Tree(tmp_path), SentContexts()

    async def fail() -> None:
        raise Internal("the client is gone")

    async def give() -> None:
        with pytest.raises(Internal):
            await contexts.give("one", tree, fail)

    async def work() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give)
            with pytest.raises(NotFound):
                await contexts.take("one")
        assert tree.is_closed

    run(work)


def test_a_second_context_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_contexts, "_COMES_S", 60.0)
    first, second, contexts = Tree(tmp_path), Tree(tmp_path), SentContexts()

    async def work() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(contexts.give, "one", first, nothing)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(Conflict):
                await contexts.give("one", second, nothing)
            assert second.is_closed
            tasks.cancel_scope.cancel()
        assert first.is_closed

    run(work)
