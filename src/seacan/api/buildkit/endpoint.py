"""POST /build?version=2: builds of BuildKit's, as docker CLIs without buildx and SDKs ask for them.

    POST /session ─▶ what the client serves, as with buildx; SDKs that send an archive have none
    POST /build ──▶ {"id": "moby.buildkit.trace", "aux": a StatusResponse, in base64}, …
                    {"id": "moby.image.id", "aux": {"ID": …}}, or an error
    POST /build?buildid=upload-request:ID ─▶ the archive that the build ID waits for
    POST /build/cancel?id=ID

Source: moby, builder/builder-next/builder.go, api/server/router/build.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

import anyio
import msgspec
from msgspec import field

from seacan.api import build_request
from seacan.api.body_file import body_file
from seacan.api.build_request import Asked
from seacan.api.buildkit import exporters
from seacan.api.buildkit.exporters import Exporters, Wanted
from seacan.api.buildkit.jobs import Job, Jobs, new_id
from seacan.api.buildkit.messages import SolveRequest, Typed
from seacan.api.buildkit.progress import Telling
from seacan.api.buildkit.sent_contexts import SentContexts
from seacan.api.buildkit.solving import Solving
from seacan.api.door import Call
from seacan.api.gathered import gathered
from seacan.api.query import Query
from seacan.api.shapes import build as classic
from seacan.build.context_tree import ContextTree, let_go, opened
from seacan.build.groups import unwrapped
from seacan.errors import Internal, InvalidArgument, SeacanError, Unsupported
from seacan.http.messages import Reply, Request, Send, Stream
from seacan.spec.engine_api import HostConfig

_UPLOAD: Final = "upload-request"
_OF_SESSION: Final = "client-session"
_IMAGE: Final = "moby"
_NUMBERS: Final = {
    "Memory": "memory", "MemorySwap": "memswap", "CpuShares": "cpushares",
    "CpuPeriod": "cpuperiod", "CpuQuota": "cpuquota", "ShmSize": "shm-size",
    "CpusetCpus": "cpusetcpus", "CpusetMems": "cpusetmems", "CgroupParent": "cgroup-parent",
    "NetworkMode": "force-network-mode",
}  # fmt: skip
_NETWORKS: Final = ("", "default", "none", "host")


class _Asked(msgspec.Struct, frozen=True):
    build_id: str  # the client's own name for it, or nothing
    session_id: str
    remote: str
    is_quiet: bool
    asked: Asked
    attributes: Mapping[str, str]
    wanted: Wanted


class Endpoint(msgspec.Struct, frozen=True):
    jobs: Jobs
    solving: Solving
    exporters: Exporters
    sent: SentContexts = field(default_factory=SentContexts)
    scopes: dict[str, anyio.CancelScope] = field(default_factory=dict)  # by the clients' names

    async def build(self, call: Call) -> Stream | Reply:
        kind, colon, build_id = call.query.text("buildid").partition(":")
        if colon and kind == _UPLOAD:
            return await self._upload(build_id, call.request)
        asked = _read(call)

        async def produce(send: Send) -> None:
            async with gathered(send) as tell:
                await self._build(call.request, asked, tell)

        return Stream("application/json", produce, is_by_line=True)

    async def cancel(self, call: Call) -> Reply:
        build_id = call.query.text("id")
        if not build_id:
            raise InvalidArgument("build ID not provided")
        if scope := self.scopes.get(build_id):
            scope.cancel()
        return Reply(200)

    async def _build(self, request: Request, asked: _Asked, tell: Send) -> None:
        """Build, and tell of it; the last word is the image, or the error."""
        said: list[bytes] = []

        async def keep(data: bytes) -> None:
            said.append(data)

        told: Mapping[str, str] = {}
        error: SeacanError | None = None
        with self._cancellable(asked.build_id) as scope:
            try:
                told = await self._run(request, asked, keep if asked.is_quiet else tell)
            except SeacanError as err:
                error = err
        if scope.cancelled_caught:
            error = Internal("context canceled")
        if error is not None:
            await tell(b"".join(said) + classic.failed(str(error), None))
        elif image_id := told.get("containerimage.config.digest", ""):
            await tell(_made(image_id, is_quiet=asked.is_quiet))

    @contextmanager
    def _cancellable(self, build_id: str) -> Iterator[anyio.CancelScope]:
        scope = anyio.CancelScope()
        if build_id:
            self.scopes[build_id] = scope
        try:
            with scope:
                yield scope
        finally:
            if self.scopes.get(build_id) is scope:
                del self.scopes[build_id]

    async def _run(self, request: Request, asked: _Asked, tell: Send) -> Mapping[str, str]:
        """Return what is said of the result. Raises what ends the build."""
        error: SeacanError | None = None
        told: Mapping[str, str] = {}
        with unwrapped():
            async with anyio.create_task_group() as tasks:
                try:
                    async with self.jobs.begin(new_id(), asked.session_id) as job:
                        tasks.start_soon(_tell, job.telling, tell)
                        told = await self._solve(job, request, asked)
                except SeacanError as err:  # which waits until all else was told
                    error = err
        if error is not None:
            raise error
        return told

    async def _solve(self, job: Job, request: Request, asked: _Asked) -> Mapping[str, str]:
        job.credentials = asked.asked.credentials
        sent = await self._context(job, request, asked)
        prepared = await self.solving.prepare(job, asked.attributes, {}, sent=sent)
        return await self.exporters.export(job, prepared, asked.wanted)

    # -- contexts ---------------------------------------------------------------------------------

    async def _context(self, job: Job, request: Request, asked: _Asked) -> ContextTree | None:
        """Return the context that was sent; None if it is elsewhere."""
        if asked.remote not in ("", _UPLOAD):
            return None
        async with job.telling.during("[internal] load remote build context"):
            if asked.remote:
                tree = await self.sent.take(asked.build_id)
                job.held.push_async_callback(let_go, tree)
                return tree
            tree = await job.held.enter_async_context(opened(self.solving.builds.open_context))
            await self._receive(tree, request)
        return tree

    async def _upload(self, build_id: str, request: Request) -> Reply:
        """Take in the context of a build."""
        tree = await anyio.to_thread.run_sync(self.solving.builds.open_context)
        await self.sent.give(build_id, tree, partial(self._receive, tree, request))
        return Reply(200)

    async def _receive(self, tree: ContextTree, request: Request) -> None:
        await anyio.to_thread.run_sync(
            self.solving.builds.receive, tree, body_file(request), limiter=anyio.CapacityLimiter(1)
        )


async def _tell(telling: Telling, tell: Send) -> None:
    async for said in telling.listen():
        trace = base64.b64encode(said.encode()).decode()
        await tell(classic.line({"id": "moby.buildkit.trace", "aux": trace}))


def _made(image_id: str, *, is_quiet: bool) -> bytes:
    if is_quiet:
        return classic.stream(f"{image_id}\n")
    return classic.line({"id": "moby.image.id", "aux": {"ID": image_id}})


# -- what is asked for ----------------------------------------------------------------------------


def _read(call: Call) -> _Asked:
    """Return it. Raises InvalidArgument, Unsupported."""
    query = call.query
    asked = build_request.read(query, call.request.headers)
    if asked.is_squashed:
        raise Unsupported("not supported: squash with BuildKit's protocol (version=2)")
    wanted = exporters.read(SolveRequest(exporters=_exporters(query, asked)))
    return _Asked(
        build_id=query.text("buildid"),
        session_id=query.text("session"),
        remote=asked.remote,
        is_quiet=asked.is_quiet,
        asked=asked,
        attributes=_attributes(asked),
        wanted=msgspec.structs.replace(wanted, caches=asked.cache_exports),
    )


def _exporters(query: Query, asked: Asked) -> tuple[Typed, ...]:
    outputs = build_request.outputs(query)
    if len(outputs) > 1:
        raise Unsupported("multiple outputs not supported")
    names = {"name": ",".join(map(str, asked.tags))} if asked.tags else {}
    if not outputs:
        return (Typed(_IMAGE, names),)
    (output,) = outputs
    if output.Type == "cacheonly":
        return ()
    is_image = output.Type in (_IMAGE, "image")
    return (Typed(output.Type, {**(output.Attrs or {}), **(names if is_image else {})}),)


def _attributes(asked: Asked) -> dict[str, str]:
    """Return what is asked for in the words of BuildKit's frontend."""
    found = {
        "filename": asked.dockerfile,
        "target": asked.wanted.target,
        "platform": ",".join(map(str, asked.platforms)),
        "image-resolve-mode": "pull" if asked.pulls else "default",
        "cache-from": ",".join(_cache_names(asked)),
        **{f"build-arg:{name}": value for name, value in asked.wanted.build_args.items()},
        **{f"label:{name}": value for name, value in asked.labels.items()},
        **_of_containers(asked.host_config),
    }
    if asked.remote not in ("", _UPLOAD, _OF_SESSION):
        found["context"] = asked.remote
    if not asked.uses_cache or asked.cache_off_stages:
        found["no-cache"] = ",".join(asked.cache_off_stages)
    return {name: value for name, value in found.items() if value or name == "no-cache"}


def _cache_names(asked: Asked) -> Sequence[str]:
    return [*asked.cache_from, *(str(each.reference) for each in asked.cache_imports)]


def _of_containers(config: HostConfig) -> dict[str, str]:
    given = dict(config)
    network = given.get("NetworkMode") or ""
    if network not in _NETWORKS:
        raise Unsupported(f'network mode "{network}" not supported by buildkit')
    found = {word: str(given[key]) for key, word in _NUMBERS.items() if given.get(key)}
    if hosts := config.get("ExtraHosts"):
        found["add-hosts"] = ",".join(each.replace(":", "=", 1) for each in hosts)
    if limits := config.get("Ulimits"):
        found["ulimit"] = ",".join(f"{e['Name']}={e['Soft']}:{e['Hard']}" for e in limits)
    return found
