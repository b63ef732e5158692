"""Steps, done: each found in the cache, or carried out and remembered.

The key of a step is made of all that it depends on: what the step before it came to, its own words,
the arguments in use, what it mounts, and the content that it copies. That of COPY and ADD with
--link says nothing of the step before: the layer is found again, and put on what there is now.
"""

import datetime
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import anyio
import msgspec
from msgspec import field
from msgspec.structs import replace

from seacan.build.caches.document import Entry
from seacan.build.caches.imported import ImportedCache
from seacan.build.config import Draft
from seacan.build.copies import Copies, CopyPlan, find
from seacan.build.dockerfile.instructions import Add, Copy, Run, Workdir
from seacan.build.evaluation import Step
from seacan.build.locks import Locks
from seacan.build.origins import ContextOrigin, Origin
from seacan.build.progress import Ended, Noted, Printed, Progress, Runs, StepId
from seacan.build.runs import RunSteps
from seacan.build.state import State, digest
from seacan.errors import SeacanError
from seacan.images.building import Building, BuiltLayer, Result

_MOST_AT_ONCE: Final = 32

Make = Callable[[], Awaitable[BuiltLayer | None]]


class CacheRules(msgspec.Struct, frozen=True):
    """What of the cache a build may use."""

    is_off: bool = False  # nothing is looked up; what is done is remembered all the same
    off_stages: frozenset[int] = frozenset()
    images: Sequence[State] | None = None  # if given, only what these images were made of
    more_images: Sequence[State] = ()  # beside the cache: what these were made of
    imported: Sequence[ImportedCache] = ()  # and what these have


class Steps(msgspec.Struct, frozen=True):
    building: Building
    copies: Copies
    runs: RunSteps
    rules: CacheRules
    progress: Progress
    locks: Locks  # of all builds: what is wanted twice is done once
    latest_s: int | None  # SOURCE_DATE_EPOCH
    made: dict[str, tuple[int, Result]] = field(default_factory=dict)  # in this build; by stage
    entries: list[Entry] = field(default_factory=list)  # of what was done or found: added to
    # Those that are carried out, in this build: hundreds of stages would take the host down.
    places: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(_MOST_AT_ONCE)
    )

    async def do(
        self, step_id: StepId, step: Step, state: State, origins: Mapping[Origin, State]
    ) -> State:
        """Return what the step makes of `state`; `origins` are what it takes something from."""
        make: Make = _nothing
        said: Sequence[Any] = []
        match step.instruction:
            case Run():
                said = await self.runs.said(step, origins)
                key = self._key(state, step, step.created_by, said)
                return await self._run(step_id, step, state, origins, key)
            case Copy() | Add():
                copy = await self.copies.plan(step, state, origins)
                make = functools.partial(self.copies.do, copy, state)
                copied = _copied(step, copy)
                words = Draft(step.config).nop(copied, blanks=1)
                if step.instruction.is_linked:
                    key = digest(["link", copied, copy.said, str(state.platform), self.latest_s])
                else:
                    key = self._key(state, step, words, copy.said)
                return await self._result(step_id, step, state, words, key, make)
            case Workdir():
                path = step.config.get("WorkingDir") or "/"
                user = "" if self.copies.is_classic else step.config.get("User") or ""
                said = [user] if user else []
                make = functools.partial(self.copies.make_directory, path, user, state)
        key = self._key(state, step, step.created_by, said)
        return await self._result(step_id, step, state, step.created_by, key, make)

    async def squash(self, base: State, state: State) -> State:
        """Return `state` with one layer in place of those that it has on `base`."""
        key = digest(["squash", base.diff_ids, state.diff_ids, self.latest_s])
        async with self.locks.hold(key):
            result = await find(self.building, key)
            if result is None:
                layer = await self.copies.merge(base, state)
                result = Result(key, self._now(), "squash", layer)
                await anyio.to_thread.run_sync(self.building.remember, result)
        return state.squashed(base, result.layer, result.created)

    async def base(self, origin: ContextOrigin, empty: State) -> State:
        """Return `empty` with the files of a context, as what a stage is based on."""
        copy = await self.copies.plan_base(origin)
        key = digest(["base", copy.digest, self.latest_s])
        words = f"FROM {origin.name}"
        async with self.locks.hold(key):
            result = await find(self.building, key)
            if result is None:
                result = Result(key, self._now(), words, await self.copies.do(copy, empty))
                await anyio.to_thread.run_sync(self.building.remember, result)
        return empty.after({}, "", result.created, words, result.layer)

    async def _run(
        self,
        step_id: StepId,
        step: Step,
        state: State,
        origins: Mapping[Origin, State],
        key: str,
    ) -> State:
        ran = ""

        async def started(run_id: str) -> None:
            nonlocal ran
            ran = run_id
            await self.progress(Runs(step_id, run_id))

        async def output(data: bytes, is_error: bool) -> None:
            await self.progress(Printed(step_id, data, is_error))

        make = functools.partial(self.runs.do, step, state, origins, started, output)
        return await self._result(step_id, step, state, step.created_by, key, make, ran=lambda: ran)

    def _key(self, state: State, step: Step, words: str, said: Sequence[Any]) -> str:
        return digest([state.identity, words, list(said), step.config, step.author, self.latest_s])

    async def _result(
        self,
        step_id: StepId,
        step: Step,
        state: State,
        words: str,
        key: str,
        make: Make,
        ran: Callable[[], str] = str,
    ) -> State:
        """Return the state after a step that history says `words` of; `make` does it."""
        is_linked = isinstance(step.instruction, Copy | Add) and step.instruction.is_linked
        async with self.locks.hold(key):
            result = await self._find(step_id, state, key, words)
            if result is None and not self._is_off(step_id):
                result = await self._imported(state, key, is_linked=is_linked)
            is_cached = result is not None
            if result is None:
                async with self.places:
                    result = Result(key, self._now(), words, await make())
                self.made.setdefault(key, (step_id.stage, result))
                await anyio.to_thread.run_sync(self.building.remember, result)
            elif result.layer is not None and not result.layer.is_on(state.diff_ids):
                layer = await anyio.to_thread.run_sync(
                    self.building.put_on, state.diff_ids, result.layer
                )
                result = replace(result, layer=layer)
                await anyio.to_thread.run_sync(self.building.remember, result)
        state = state.after(step.config, step.author, result.created, words, result.layer)
        layers = (result.layer,) if is_linked and result.layer else state.layers
        if layers:
            self.entries.append(Entry(key, result.created, layers))
        await self.progress(Ended(step_id, state.id, is_cached, ran(), step.is_onbuild))
        return state

    def _is_off(self, step_id: StepId) -> bool:
        return self.rules.is_off or step_id.stage in self.rules.off_stages

    async def _imported(self, state: State, key: str, *, is_linked: bool) -> Result | None:
        """Return what another cache has; one that turns out to be broken is used no more."""
        for cache in self.rules.imported:
            try:
                if result := await cache.find(key, state, is_linked=is_linked):
                    return result
            except SeacanError as err:
                cache.give_up()
                await self.progress(Noted(f"the cache of {cache.name} is not used: {err}"))
        return None

    async def _find(self, step_id: StepId, state: State, key: str, words: str) -> Result | None:
        if self._is_off(step_id):
            # What stages side by side have in common is done by one of them, all the same.
            stage, result = self.made.get(key, (step_id.stage, None))
            return None if stage == step_id.stage else result
        found = await find(self.building, key) if self.rules.images is None else None
        images = self.rules.more_images if self.rules.images is None else self.rules.images
        return found or next(
            (result for image in images if (result := _of_image(image, state, key, words))), None
        )

    def _now(self) -> str:
        if self.latest_s is None:
            now = datetime.datetime.now(datetime.UTC)
        else:
            now = datetime.datetime.fromtimestamp(self.latest_s, datetime.UTC)
        return now.isoformat().replace("+00:00", "Z")


def _copied(step: Step, copy: CopyPlan) -> str:
    """Return what history says of a COPY or ADD, as the classic builder words it.

    It has no --link; with it, the layer is another one than of the same words without.
    """
    instruction = step.instruction
    assert isinstance(instruction, Copy | Add)
    keyword = "COPY" if isinstance(instruction, Copy) else "ADD"
    link = "--link " if instruction.is_linked else ""
    owner = f"--chown={instruction.chown} " if instruction.chown else ""
    return f"{keyword} {link}{owner}{copy.kind}:{copy.digest} in {instruction.destination} "


async def _nothing() -> BuiltLayer | None:
    return None


def _of_image(image: State, state: State, key: str, words: str) -> Result | None:
    """Return the result of a step that an image was made with, if it came from the same state."""
    at = len(state.history)
    if image.history[:at] != state.history or image.diff_ids[: len(state.layers)] != state.diff_ids:
        return None
    if at == len(image.history) or image.history[at].get("created_by") != words:
        return None
    entry = image.history[at]
    created = entry.get("created") or ""
    if entry.get("empty_layer"):
        return Result(key, created, words, None)
    if len(image.layers) == len(state.layers):
        return None
    return Result(key, created, words, image.layers[len(state.layers)])
