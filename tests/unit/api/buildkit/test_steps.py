"""The builder's events, as the vertexes that clients of BuildKit show."""

import asyncio

from seacan.api.buildkit.messages import StatusResponse, Vertex
from seacan.api.buildkit.progress import Telling
from seacan.api.buildkit.steps import Place, StepProgress
from seacan.build.progress import Began, Ended, Event, Failed, Planned, Printed, Pulled, StepId

DOCKERFILE = b"FROM busybox AS a\nENV x=y\nRUN one\nFROM a\nCOPY --from=ctx f /\nWORKDIR /w\n"


def told_of(events: list[Event], error: str = "", dockerfile: bytes = DOCKERFILE) -> StatusResponse:
    async def work() -> StatusResponse:
        telling = Telling("ref")
        progress = StepProgress(telling, dockerfile, {"ctx"})
        for event in events:
            await progress(event)
        progress.finish(error)
        telling.close()
        (all_of_it,) = [said async for said in telling.listen()]
        return all_of_it

    return asyncio.run(work())


def began(stage: int, number: int, text: str) -> Began:
    return Began(StepId(stage, number), 6, text, number)


def vertexes(said: StatusResponse) -> dict[str, Vertex]:
    return {vertex.name: vertex for vertex in said.vertexes}


def test_steps_that_change_files_are_vertexes() -> None:
    said = told_of(
        [
            Planned([0, 1]),
            began(0, 1, "FROM busybox AS a"),
            Ended(StepId(0, 1), "i"),
            began(0, 2, "ENV x=y"),
            Ended(StepId(0, 2), "i"),
            began(0, 3, "RUN one"),
            Printed(StepId(0, 3), b"out"),
            Printed(StepId(0, 3), b"err", is_error=True),
            Ended(StepId(0, 3), "i", is_cached=True),
            began(1, 4, "FROM a"),
            Ended(StepId(1, 4), "i"),
            began(1, 5, "COPY --from=ctx f /"),
            Ended(StepId(1, 5), "i"),
        ]
    )
    found = vertexes(said)
    assert [*found] == [
        "[a 1/2] FROM docker.io/library/busybox:latest",
        "[a 2/2] RUN one",
        "[stage-1 1/2] COPY --from=ctx f /",
    ]
    assert found["[a 2/2] RUN one"].is_cached
    assert all(vertex.completed for vertex in found.values())
    assert [(log.data, log.stream) for log in said.logs] == [(b"out", 1), (b"err", 2)]


def test_what_fails_and_what_is_cut_short() -> None:
    events: list[Event] = [
        Planned([0, 1]),
        began(0, 3, "RUN one"),
        began(1, 5, "COPY --from=ctx f /"),
        Failed(StepId(0, 3)),
    ]
    found = vertexes(told_of(events, "it went wrong"))
    assert {vertex.error for vertex in found.values()} == {"it went wrong", "canceled"}

    async def place() -> Place:
        progress = StepProgress(Telling("r"), DOCKERFILE, ())
        for event in events:
            await progress(event)
        return progress.failed_at

    assert asyncio.run(place()) == Place(3, 3)


def test_a_pull_is_a_vertex() -> None:
    message = {"id": "layer", "status": "Downloading", "progressDetail": {"current": 5, "total": 9}}
    said = told_of([Pulled(message, "docker.io/library/x:latest"), Planned([0])])
    assert [*vertexes(said)] == ["[internal] load metadata for docker.io/library/x:latest"]
    (status,) = said.statuses
    assert (status.name, status.current, status.total) == ("layer", 5, 9)
    assert status.completed is not None


def test_a_context_by_its_name() -> None:
    said = told_of([Planned([0]), began(0, 1, "FROM ctx")], dockerfile=b"FROM ctx\n")
    assert [*vertexes(said)] == ["[1/1] FROM ctx"]


def test_what_is_printed_has_a_bound() -> None:
    events: list[Event] = [began(0, 3, "RUN one")]
    events += [Printed(StepId(0, 3), b"x" * (1 << 20)) for _ in range(5)]
    said = told_of(events)
    assert sum(len(log.data) for log in said.logs) < (2 << 20) + 100
    assert said.logs[-1].data.endswith(b"log limit 2MiB reached]\n")
