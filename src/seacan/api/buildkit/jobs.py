"""Builds while they go on: each by the name that its client has given it.

    Control/Solve ──▶ a job, for as long as that call takes
    Control/Status, LLBBridge/… ──▶ the same job, which may come a little later

What was told of the last ones is kept a while, for who asks for their status when they have ended.
"""

import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import anyio
import msgspec
from msgspec import field

from seacan.api.buildkit.attributes import Asked
from seacan.api.buildkit.definitions import result_id
from seacan.api.buildkit.messages import Definition, ReturnRequest
from seacan.api.buildkit.needs import Needs
from seacan.api.buildkit.progress import Telling
from seacan.api.cache_options import CacheImport, ExportedCache
from seacan.build.context_tree import ContextTree
from seacan.errors import InvalidArgument, NotFound, Unavailable
from seacan.images.references import Reference
from seacan.images.remote.credentials import Credentials

_MOST: Final = 200
_MOST_ENDED: Final = 16
_COMES_S: Final = 10.0


class Prepared(msgspec.Struct, frozen=True):
    """What is to be built, once somebody wants it: a result that is known by its id."""

    id: str
    asked: Asked
    dockerfile: bytes
    excluded: Sequence[str]  # patterns of .dockerignore
    needs: Needs
    has_triggers: bool  # of its base images, as far as is known; they may need more
    remote: ContextTree | None  # the main context, if it was fetched
    inputs: Mapping[str, "Prepared"]
    cache_imports: Sequence[CacheImport]


class Kept(msgspec.Struct, frozen=True):
    """What a build leaves behind beside the image: names for it, and caches."""

    tags: Sequence[Reference] = ()
    caches: Sequence[ExportedCache] = ()


class Job(msgspec.Struct):
    ref: str
    session_id: str
    telling: Telling
    held: AsyncExitStack  # what is given back when the job ends
    results: dict[str, Prepared] = field(default_factory=dict)
    returned: anyio.Event = field(default_factory=anyio.Event)
    answer: ReturnRequest | None = None
    said: dict[str, str] = field(default_factory=dict)  # to the client, at the end
    # By registry, where the client has sent them with the build.
    credentials: Mapping[str, Credentials] = field(default_factory=dict)

    async def wait_answer(self) -> ReturnRequest:
        """Return what the client comes back with; it waits for as long as the client does."""
        await self.returned.wait()
        assert self.answer is not None
        return self.answer

    def come_back(self, answer: ReturnRequest) -> None:
        """Take what the client's own part of the build came to."""
        self.answer = answer
        self.returned.set()


class Jobs:
    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._ended: OrderedDict[str, Telling] = OrderedDict()
        self._changed = anyio.Event()

    @asynccontextmanager
    async def begin(self, ref: str, session_id: str) -> AsyncIterator[Job]:
        """Yield a new job. Raises InvalidArgument, Unavailable."""
        if not ref or ref in self._jobs:
            raise InvalidArgument(f"a build needs a name of its own: {ref!r}")
        if len(self._jobs) >= _MOST:
            raise Unavailable(f"there are {_MOST} builds already")
        async with AsyncExitStack() as held:
            self._ended.pop(ref, None)
            job = self._jobs[ref] = Job(ref, session_id, Telling(ref), held)
            self._wake()
            try:
                yield job
            finally:
                job.telling.close()
                self._ended[ref] = job.telling
                del self._jobs[ref]
                while len(self._ended) > _MOST_ENDED:
                    self._ended.popitem(last=False)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def get(self, ref: str) -> Job:
        """Return a job that goes on, or is about to. Raises NotFound."""
        with anyio.move_on_after(_COMES_S):
            while ref not in self._jobs and ref not in self._ended:
                await self._changed.wait()
        if job := self._jobs.get(ref):
            return job
        raise NotFound(f"no such job {ref}")

    async def telling(self, ref: str) -> Telling:
        """Return what is told of a job, also if it has ended. Raises NotFound."""
        if ref in self._ended:
            return self._ended[ref]
        return (await self.get(ref)).telling

    def result(self, result_id: str) -> Prepared:
        """Return a result of any job that goes on: one build may be made of another's.

        Raises NotFound.
        """
        for job in self._jobs.values():
            if found := job.results.get(result_id):
                return found
        raise NotFound(f"no such result: {result_id}")

    def results(self, named: Mapping[str, Definition]) -> dict[str, Prepared]:
        """Return the results that a build is to be made of, by their names for it.

        Raises NotFound, Unsupported.
        """
        return {name: self.result(result_id(each)) for name, each in named.items()}


def new_id() -> str:
    """Return an id that nobody guesses."""
    return secrets.token_hex(16)
