import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from seacan.errors import Conflict, Internal, InvalidArgument, SeacanError, Unsupported
from seacan.runtime import failures
from seacan.runtime.failures import CommandNotExecutable, CommandNotFound, HookFailed


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = failures.open_pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    "kind",
    [
        HookFailed,
        CommandNotFound,
        CommandNotExecutable,
        InvalidArgument,
        Conflict,
        Unsupported,
        Internal,
    ],
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


def test_questions_are_answered_one_after_the_other(pipe: tuple[int, int]) -> None:
    heard: list[str] = []

    def child() -> None:
        failures.ask(pipe[1], "hooks")
        assert heard == ["hooks "]
        failures.ask(pipe[1], "listener 7")
        assert heard == ["hooks ", "listener 7"]
        failures.ready(pipe[1])

    answers = {
        "hooks": lambda rest: heard.append(f"hooks {rest}"),
        "listener": lambda rest: heard.append(f"listener {rest}"),
    }
    with ThreadPoolExecutor(1) as threads:
        result = threads.submit(child)
        assert failures.receive(pipe[0], answers) is True
        result.result()


def test_question_to_nobody() -> None:
    reader, writer = failures.open_pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        failures.ask(writer, "hooks")
    os.close(writer)


def test_answer_that_fails_is_raised(pipe: tuple[int, int]) -> None:
    def fail(_: str) -> None:
        raise HookFailed("why")

    os.write(pipe[1], b"? hooks")
    with pytest.raises(HookFailed, match="why"):
        failures.receive(pipe[0], {"hooks": fail})


def test_child_that_dies_after_its_question() -> None:
    reader, writer = failures.open_pipe()
    os.write(writer, b"? hooks")
    assert failures.receive(reader, {"hooks": lambda _: os.close(writer)}) is False
    os.close(reader)


def test_child_that_dies_with_an_answer_unread() -> None:
    reader, writer = failures.open_pipe()
    os.write(reader, b"go on")
    os.close(writer)
    assert failures.receive(reader) is False
    os.close(reader)


def test_ready_then_end() -> None:
    reader, writer = failures.open_pipe()
    failures.ready(writer)
    os.close(writer)
    assert failures.receive(reader) is True
    assert failures.receive(reader) is False
    os.close(reader)
