import errno
import os
from collections.abc import Iterator

import pytest

from seacan.errors import Conflict, Internal, InvalidArgument, SeacanError, Unsupported
from seacan.runtime import failures
from seacan.runtime.failures import CommandNotExecutable, CommandNotFound


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for fd in (reader, writer):
        if fd >= 0:
            os.close(fd)


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


def test_ready_then_end() -> None:
    reader, writer = os.pipe()
    failures.ready(writer)
    os.close(writer)
    assert failures.receive(reader) is True
    assert failures.receive(reader) is False
    os.close(reader)
