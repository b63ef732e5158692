"""Which steps are found again: what their keys are made of."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from msgspec import field
from msgspec.structs import replace

from seacan.build.copies import Copies, CopyPlan
from seacan.build.dockerfile.instructions import Add, Copy, Source
from seacan.build.evaluation import Step
from seacan.build.locks import Locks
from seacan.build.origins import Origin
from seacan.build.progress import Ended, Event, StepId
from seacan.build.state import State
from seacan.build.steps import CacheRules, Steps
from seacan.build.worker_words import Place
from seacan.images.building import Building, BuiltLayer
from seacan.images.platforms import Platform
from seacan.images.store import Store
from seacan.paths import DataRoot

SOURCE = Source("COPY", "COPY a /b", 1, 1)
COPY = Copy(SOURCE, ("a",), (), "/b")
LINKED = replace(COPY, is_linked=True)
STATE = State(Platform("amd64"), {"User": "1"})
OTHER = State(Platform("amd64"), {"User": "2", "Shell": ["/bin/other"]}, author="somebody")


class Copied(Copies, frozen=True):
    """Copies that are as they are planned here, and change nothing."""

    found: dict[str, Any] = field(default_factory=lambda: {"digest": "0", "owner": (0, 0)})

    async def plan(self, step: Step, state: State, origins: Mapping[Origin, State]) -> CopyPlan:
        place = Place(
            destination="/b",
            is_directory=False,
            owner=self.found["owner"],
            mode="",
            has_whiteouts=False,
        )
        return CopyPlan(self.found["digest"], "file", [dict(place)], place)

    async def do(self, plan: CopyPlan, state: State) -> BuiltLayer | None:
        return None


Do = Callable[..., bool]


@pytest.fixture
def is_found(tmp_path: Path) -> Iterator[Do]:
    """Return what does a step, and tells whether that was in the cache."""
    store = Store(DataRoot(tmp_path))
    nothing = cast(Any, None)

    def do(instruction: Copy | Add, state: State, **found: Any) -> bool:
        ends: list[Ended] = []

        async def told(event: Event) -> None:
            assert isinstance(event, Ended)
            ends.append(event)

        copies = Copied(nothing, nothing, nothing, nothing)
        copies.found.update(found)
        building = Building(store, lambda image_id, reference: None)
        building_steps = Steps(building, copies, nothing, CacheRules(), told, Locks(), None)
        step = Step(instruction, state.config, state.author, "", {})
        anyio.run(building_steps.do, StepId(0, 2), step, state, {})
        building.flush()
        return ends[0].is_cached

    yield do
    store.close()


def test_a_copy_is_of_what_is_below(is_found: Do) -> None:
    assert [is_found(COPY, state) for state in (STATE, STATE, OTHER)] == [False, True, False]


def test_a_linked_copy_is_not(is_found: Do) -> None:
    assert [is_found(LINKED, state) for state in (STATE, OTHER, STATE)] == [False, True, True]
    assert not is_found(COPY, STATE)


def test_a_linked_copy_is_of_all_else(is_found: Do) -> None:
    is_found(LINKED, STATE)
    assert not is_found(LINKED, replace(STATE, platform=Platform("arm64")))
    assert not is_found(LINKED, STATE, digest="1")
    assert not is_found(LINKED, STATE, owner=(7, 7))
    assert not is_found(replace(LINKED, destination="c"), STATE)
    assert not is_found(Add(SOURCE, ("a",), (), "/b", is_linked=True), STATE)
    assert is_found(LINKED, STATE)


def test_not_all_of_many_stages_are_at_work_at_once(tmp_path: Path) -> None:
    nothing = cast(Any, None)
    store = Store(DataRoot(tmp_path))
    working: list[int] = []

    class Slow(Copied, frozen=True):
        async def do(self, plan: CopyPlan, state: State) -> BuiltLayer | None:
            working.append(working[-1] + 1 if working else 1)
            await anyio.wait_all_tasks_blocked()
            working.append(working[-1] - 1)
            return None

    async def told(event: Event) -> None:
        pass

    async def main() -> None:
        building = Building(store, lambda image_id, reference: None)
        copies = Slow(nothing, nothing, nothing, nothing)
        steps = Steps(building, copies, nothing, CacheRules(), told, Locks(), None)
        async with anyio.create_task_group() as tasks:
            for number in range(40):
                copy = replace(COPY, destination=f"/{number}")
                step = Step(copy, STATE.config, STATE.author, "", {})
                tasks.start_soon(steps.do, StepId(number, 1), step, STATE, {})

    anyio.run(main)
    store.close()
    assert max(working) == 32
    assert (len(working), working[-1]) == (80, 0)
