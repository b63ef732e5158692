"""The classic builder's words for stages that are built side by side: one after the other."""

import json

import anyio
import pytest

from seacan.api.shapes import build
from seacan.build.progress import Event, Planned, Printed, StageEnded, StepId, Told


def said(*events: Event) -> list[str]:
    """Return what is told at each event."""
    answers: list[str] = []

    async def main() -> None:
        sent: list[bytes] = []

        async def send(data: bytes) -> None:
            sent.append(data)

        progress = build.ClassicProgress(send)
        for event in events:
            sent.clear()
            await progress(event)
            lines = b"".join(sent).splitlines()
            answers.append("".join(json.loads(line)["stream"] for line in lines))

    anyio.run(main)
    return answers


def told(stage: int, text: str) -> Told:
    return Told(StepId(stage, 1), text)


def printed(stage: int, text: str) -> Printed:
    return Printed(StepId(stage, 1), text.encode())


def test_stages_are_told_of_in_their_turn() -> None:
    assert said(
        Planned([1, 4, 7]),
        told(4, "b"),
        told(1, "a"),
        printed(7, "c"),
        StageEnded(4),
        StageEnded(1),
        told(7, "d"),
        StageEnded(7),
    ) == ["", "", "a\n", "", "", "b\nc", "d\n", ""]


def test_each_platform_has_its_turns() -> None:
    stages: list[Event] = [
        Planned([0, 1]),
        told(1, "b"),
        told(0, "a"),
        StageEnded(0),
        StageEnded(1),
    ]
    assert said(*stages, *stages) == ["", "", "a\n", "b\n", ""] * 2


@pytest.mark.parametrize(
    ("stages", "limit", "shown"), [(2, 2 << 20, "2MiB"), (1000, (64 << 20) // 1000, "65KiB")]
)
def test_what_waits_is_bounded_however_many_stages_there_are(
    stages: int, limit: int, shown: str
) -> None:
    piece = "x" * 60_000
    pieces = [printed(1, piece)] * (limit // 60_000 + 5)
    *_, waited = said(Planned(range(stages)), *pieces, StageEnded(0))
    text, clipped, after = waited.partition(f"[output clipped, log limit {shown} reached]\n")
    assert limit - len(piece) - 1000 < len(text) <= limit
    assert (bool(clipped), after) == (True, "")
