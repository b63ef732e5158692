"""How containers are listed. What a list has is in test_filters and tests/conformance."""

import threading
from collections.abc import Callable
from typing import Any, cast

import anyio
import pytest
from tests.fakes.containers import make_container
from tests.fakes.images import FakeImages

from seacan.engine import expressions
from seacan.engine.containers.container import Container
from seacan.engine.containers.listing import list_containers
from seacan.engine.context import Context


class _Context:
    images = FakeImages()

    class networks:
        @staticmethod
        def of(record: Container) -> list[Any]:
            return []


def test_patterns_of_names_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand of them, against long names, take seconds: not those of the loop."""
    threads = []
    finder = expressions.finder

    def watched(text: str) -> Callable[[str], bool]:
        threads.append(threading.get_ident())
        return finder(text)

    monkeypatch.setattr(expressions, "finder", watched)
    record = make_container()

    async def names() -> list[str]:
        context = cast(Context, _Context())
        listed = await list_containers(
            context, [record], lambda ref: record,
            all=True, limit=None, wanted={"name": ["^/fi.s"]}, size=False,
            measuring=anyio.CapacityLimiter(1),
        )  # fmt: skip
        return [each.record.name for each in listed]

    assert anyio.run(names) == ["first"]
    assert threads
    assert threading.get_ident() not in threads
