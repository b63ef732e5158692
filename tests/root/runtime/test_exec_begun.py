"""An exec that its caller does not wait for."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.root.runtime.boxes import Box, wait_until

from seacan.errors import Conflict, InvalidArgument
from seacan.runtime.container import Container
from seacan.runtime.exec_begun import BegunExec
from seacan.spec.runtime import Process

pytestmark = pytest.mark.root


@contextmanager
def _begun(box: Box, container: Container, *args: str) -> Iterator[tuple[BegunExec, int]]:
    """Give it, and a descriptor of what it prints."""
    process: Process = {**box.process, "args": list(args)}  # type: ignore[typeddict-item]
    reader, writer = os.pipe()
    null = os.open("/dev/null", os.O_RDWR)
    try:
        begun = BegunExec(
            box.root,
            container.id,
            container.pid,
            process,
            stdio=(null, writer, writer),
            console=None,
        )
    finally:
        os.close(null)
        os.close(writer)
    try:
        yield begun, reader
    finally:
        begun.close()
        os.close(reader)


@contextmanager
def _begun_in_paused(box: Box, container: Container) -> Iterator[BegunExec]:
    """Who enters the cgroup of a paused container stands still there."""
    container.pause()
    try:
        with _begun(box, container, "sleep", "60") as (begun, _):
            yield begun
    finally:
        container.resume()


def _result(begun: BegunExec) -> int | None:
    select.select([begun], [], [])
    return begun.result()


def test_its_pid_is_told_once_it_was_executed(box: Box) -> None:
    with (
        box.started("sleep", "60") as container,
        _begun(box, container, "sh", "-c", "hostname; exit 7") as (begun, output),
    ):
        assert _result(begun) == begun.pid
        assert os.waitstatus_to_exitcode(os.waitpid(begun.pid, 0)[1]) == 7
        assert os.read(output, 100) == b"box\n"


def test_what_went_wrong_is_raised(box: Box) -> None:
    with box.started("sleep", "60") as container, _begun(box, container, "absent") as (begun, _):
        with pytest.raises(InvalidArgument, match='exec: "absent": executable file not found'):
            _result(begun)
        os.waitpid(begun.pid, 0)


def test_one_that_does_not_go_on_has_no_result_and_can_be_killed(box: Box) -> None:
    with box.started("sleep", "60") as container:
        with _begun_in_paused(box, container) as begun:
            wait_until(lambda: begun.pid in container.cgroup.pids())
            assert begun.result() is None
            begun.kill()
        assert os.waitstatus_to_exitcode(os.waitpid(begun.pid, 0)[1]) == -signal.SIGKILL


def test_a_container_that_has_ended(box: Box) -> None:
    with box.started("true") as container:
        os.waitid(os.P_PID, container.pid, os.WEXITED | os.WNOWAIT)
        with (
            pytest.raises(Conflict, match="cannot exec in a stopped container"),
            _begun(box, container, "true"),
        ):
            pass


def test_nothing_but_its_streams_is_open_on_the_way(box: Box) -> None:
    """A client of the caller's sees its connection end, though the child may be stopped."""
    theirs, ours = os.pipe()
    with (
        box.started("sleep", "60") as container,
        _begun(box, container, "sleep", "60") as (begun, _),
    ):
        assert _result(begun) == begun.pid
        os.close(ours)
        assert os.read(theirs, 1) == b""
        os.close(theirs)
        begun.kill()
        os.waitpid(begun.pid, 0)
