import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from seacan.errors import Conflict, Internal, InvalidArgument, SeacanError, Unsupported
from seacan.runtime import failures
from seacan.runtime.failures import CommandNotExecutable, CommandNotFound


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = failures.open_pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    "kind",
    [CommandNotFound, CommandNotExecutable, InvalidArgument, Conflict, Unsupported, Internal],
)
def test_class_and_text_come_through(pipe: tuple[int, int], kind: type[SeacanError]) -> None:
    failures.report(pipe[1], "mount", kind("what: why"))
    with pytest.raises(kind) as caught:
        failures.receive(pipe[0])
    assert type(caught.value) is kind
    assert str(caught.value) == "what: why"


def test_system_call_is_told_with_its_step(pipe: tuple[int, int]) -> None:
    failures.report(pipe[1], "pivot", OSError(errno.EPERM, "pivot_root: " + os.strerror(1), "/r"))
    with pytest.raises(Internal, match=r"pivot: /r: pivot_root: operation not permitted"):
        failures.receive(pipe[0])


def test_long_text_is_cut_and_not_split(pipe: tuple[int, int]) -> None:
    failures.report(pipe[1], "mount", Internal("x" * 100_000))
    with pytest.raises(Internal, match=r"x{4000}"):
        failures.receive(pipe[0])


def test_a_descriptor_is_offered_and_taken(pipe: tuple[int, int]) -> None:
    taken: list[int] = []

    def child() -> None:
        failures.offer(pipe[1], 7)
        assert taken == [7]
        failures.ready(pipe[1])

    with ThreadPoolExecutor(1) as threads:
        result = threads.submit(child)
        assert failures.receive(pipe[0], taken.append) is True
        result.result()


def test_an_offer_that_nobody_takes() -> None:
    reader, writer = failures.open_pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        failures.offer(writer, 7)
    os.close(writer)


def test_a_child_that_dies_after_its_offer() -> None:
    reader, writer = failures.open_pipe()
    os.write(writer, b"listener 7")
    assert failures.receive(reader, lambda _: os.close(writer)) is False
    os.close(reader)


def test_ready_then_end() -> None:
    reader, writer = failures.open_pipe()
    failures.ready(writer)
    os.close(writer)
    assert failures.receive(reader) is True
    assert failures.receive(reader) is False
    os.close(reader)
