"""moby.buildkit.v1.frontend.LLBBridge: a client's own part in its build.

The client asks for results, one of which it returns to be exported. It says of which build each
call is. A result is built when it is exported, or evaluated; errors of its Dockerfile come before.
"""

from typing import Final

import msgspec

from seacan.api import engine
from seacan.api.buildkit import attributes, definitions, subrequests, workers
from seacan.api.buildkit.jobs import Job, Jobs
from seacan.api.buildkit.messages import (
    Empty,
    EvaluateRequest,
    FrontendRequest,
    FrontendResponse,
    InputsResponse,
    PongResponse,
    Ref,
    Result,
    ReturnRequest,
    StatusResponse,
    VertexWarning,
    WarnRequest,
)
from seacan.api.buildkit.solving import Solving
from seacan.errors import InvalidArgument, Unsupported
from seacan.grpc.server import Incoming

_BUILD: Final = "buildkit-controlapi-buildid"


class Gateway(msgspec.Struct, frozen=True):
    engine: engine.Engine
    jobs: Jobs
    solving: Solving

    async def ping(self, call: Incoming, request: Empty) -> PongResponse:
        await self._job(call)
        return workers.pong(str(self.engine.system.info()["ID"]))

    async def solve(self, call: Incoming, request: FrontendRequest) -> FrontendResponse:
        job = await self._job(call)
        if request.definition is not None and request.definition.steps:
            prepared = self.jobs.result(definitions.result_id(request.definition))
        elif request.frontend != attributes.FRONTEND:
            raise Unsupported(f"not supported: frontend {request.frontend}")
        elif request.source_policies:
            raise Unsupported("not supported: source policies")
        else:
            inputs = self.jobs.results(request.inputs)
            prepared = await self.solving.prepare(
                job, request.attributes, inputs, request.cache_imports
            )
        if prepared.asked.request_id:
            metadata = await subrequests.answer(prepared, self.engine.builds)
            return FrontendResponse(Result(metadata=metadata))
        if request.evaluate:
            await self.solving.evaluate(job, prepared)
        ref = Ref(prepared.id, definitions.of_result(prepared.id))
        return FrontendResponse(Result(ref=ref))

    async def evaluate(self, call: Incoming, request: EvaluateRequest) -> Empty:
        job = await self._job(call)
        await self.solving.evaluate(job, self.jobs.result(request.ref))
        return Empty()

    async def come_back(self, call: Incoming, request: ReturnRequest) -> Empty:
        (await self._job(call)).come_back(request)
        return Empty()

    async def inputs(self, call: Incoming, request: Empty) -> InputsResponse:
        await self._job(call)
        return InputsResponse()

    async def warn(self, call: Incoming, request: WarnRequest) -> Empty:
        job = await self._job(call)
        warning = VertexWarning(
            request.digest,
            request.level,
            request.short,
            request.detail,
            request.url,
            request.info,
            request.ranges,
        )
        job.telling.tell(StatusResponse(warnings=(warning,)))
        return Empty()

    async def _job(self, call: Incoming) -> Job:
        ref = call.metadata.get(_BUILD, "")
        if not ref:
            raise InvalidArgument(f"a call of a build's client needs {_BUILD}")
        return await self.jobs.get(ref)
