"""moby.buildkit.v1.Control: builds asked for and told of, the builder, its cache."""

import datetime
from typing import Final

import msgspec

from seacan.api import engine
from seacan.api.buildkit import attributes, cache, exporters, workers
from seacan.api.buildkit.exporters import Exporters
from seacan.api.buildkit.jobs import Job, Jobs, Prepared
from seacan.api.buildkit.messages import (
    DiskUsageRequest,
    DiskUsageResponse,
    Empty,
    InfoResponse,
    ListWorkersResponse,
    PruneRequest,
    SolveRequest,
    SolveResponse,
    StatusRequest,
)
from seacan.api.buildkit.solving import Solving
from seacan.errors import Unsupported
from seacan.grpc.server import Incoming
from seacan.grpc.status import CallFailed

_ENTITLEMENTS: Final = ("network.host",)  # as dockerd grants them


class Control(msgspec.Struct, frozen=True):
    engine: engine.Engine
    jobs: Jobs
    solving: Solving
    exporters: Exporters

    async def solve(self, call: Incoming, request: SolveRequest) -> SolveResponse:
        """Build what the request says, or what the client itself comes to, and export it."""
        async with self.jobs.begin(request.ref, request.session) as job:
            _refuse(request)
            wanted = exporters.read(request)
            prepared = await self._prepared(job, request)
            if prepared is None:
                return SolveResponse()
            return SolveResponse(await self.exporters.export(job, prepared, wanted))

    async def _prepared(self, job: Job, request: SolveRequest) -> Prepared | None:
        """Return what is to be built; None if there is nothing."""
        if request.frontend:
            inputs = self.jobs.results(request.inputs)
            imports = request.cache.imports if request.cache is not None else ()
            return await self.solving.prepare(job, request.attributes, inputs, imports)
        answer = await job.wait_answer()
        if answer.error is not None and answer.error.code:
            raise CallFailed(answer.error)
        result = answer.result
        if result is None or result.ref is None or not result.ref.id:
            if result is not None and result.refs is not None and result.refs.refs:
                raise Unsupported("not supported: a build of several results")
            return None
        return self.jobs.result(result.ref.id)

    async def status(self, call: Incoming) -> None:
        """Tell of a build until it has ended."""
        request = await call.only(StatusRequest)
        call.headers.append(("buildkit-current-timestamp", _now()))
        await call.begin()
        telling = await self.jobs.telling(request.ref)
        async for said in telling.listen():
            await call.send(said)

    async def list_workers(self, call: Incoming, request: Empty) -> ListWorkersResponse:
        return ListWorkersResponse((workers.worker(self._daemon_id),))

    async def info(self, call: Incoming, request: Empty) -> InfoResponse:
        return InfoResponse(workers.VERSION_RECORD)

    @property
    def _daemon_id(self) -> str:
        return str(self.engine.system.info()["ID"])

    async def disk_usage(self, call: Incoming, request: DiskUsageRequest) -> DiskUsageResponse:
        return DiskUsageResponse(await cache.records(self.engine.disk, request.filters))

    async def prune(self, call: Incoming) -> None:
        request = await call.only(PruneRequest)
        for record in await cache.prune(self.engine.disk, self.engine.builds, request):
            await call.send(record)


def _refuse(request: SolveRequest) -> None:
    """Raise Unsupported for what is asked for and is not done."""
    if request.definition is not None and request.definition.steps:
        raise Unsupported("not supported: builds of LLB; a Dockerfile is what seacan builds")
    if request.frontend not in ("", attributes.FRONTEND):
        raise Unsupported(f"not supported: frontend {request.frontend}")
    if request.source_policy:
        raise Unsupported("not supported: source policies")
    for each in request.entitlements:
        if each not in _ENTITLEMENTS:
            raise Unsupported(f"not supported: entitlement {each}")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
