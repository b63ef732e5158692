"""Pages that a forked process has written to, copied ahead for the next."""

import errno
import mmap
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from seacan.kernel.written_pages import WrittenPages

_PAGES = 500


@contextmanager
def child(work: Callable[[], None]) -> Iterator[int]:
    """Yield the pid of a forked process that has done `work` and waits."""
    done, done_writer = os.pipe()
    go_on, go_on_writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_on_writer)
        try:
            work()
            os.write(done_writer, b".")
            os.read(go_on, 1)
        finally:
            os._exit(0)
    os.close(done_writer)
    os.close(go_on)
    try:
        assert os.read(done, 1) == b".", "the child failed"
        yield pid
    finally:
        os.close(go_on_writer)
        os.close(done)
        os.waitpid(pid, 0)


def faults_of(work: Callable[[], None]) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.fixture
def memory() -> Iterator[mmap.mmap]:
    with mmap.mmap(-1, _PAGES * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE) as memory:
        write(memory, range(_PAGES))
        yield memory


def write(memory: mmap.mmap, pages: range) -> None:
    for page in pages:
        memory[page * mmap.PAGESIZE] = 1


def test_what_one_has_written_to_is_there_for_the_next(memory: mmap.mmap) -> None:
    written = WrittenPages()
    half = range(0, _PAGES, 2)

    def first() -> None:
        assert faults_of(lambda: write(memory, half)) >= len(half)

    def next_one() -> None:
        written.copy()
        assert faults_of(lambda: write(memory, half)) < 20
        others = range(1, _PAGES, 2)
        assert faults_of(lambda: write(memory, others)) >= len(others), "copied though not written"

    with child(first) as pid:
        written.note(pid)
    with child(next_one):
        pass


def test_nothing_is_copied_before_anything_is_noted(memory: mmap.mmap) -> None:
    written = WrittenPages()

    def work() -> None:
        written.copy()
        assert faults_of(lambda: write(memory, range(_PAGES))) >= _PAGES

    with child(work):
        pass


def test_what_was_noted_first_stays(memory: mmap.mmap) -> None:
    written = WrittenPages()

    def nothing() -> None: ...

    def later() -> None:
        written.copy()
        assert faults_of(lambda: write(memory, range(_PAGES))) >= _PAGES

    with child(nothing) as pid:
        written.note(pid)
    with child(lambda: write(memory, range(_PAGES))) as pid:
        written.note(pid)
    with child(later):
        pass


def test_a_child_knows_what_a_later_child_notes(memory: mmap.mmap) -> None:
    written = WrittenPages()

    def note_own() -> None:
        write(memory, range(_PAGES))
        written.note(os.getpid())

    def work() -> None:
        written.copy()
        assert faults_of(lambda: write(memory, range(_PAGES))) < 20

    with child(note_own):
        pass
    with child(work):
        pass


def test_a_kernel_that_refuses_does_no_harm(
    memory: mmap.mmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(address: int, length_bytes: int) -> None:
        raise OSError(errno.EINVAL, "madvise")

    monkeypatch.setattr("seacan.kernel.this_process.populate", refuse)
    written = WrittenPages()
    with child(lambda: write(memory, range(_PAGES))) as pid:
        written.note(pid)
    written.copy()


def test_a_process_that_cannot_be_looked_at_does_no_harm(memory: mmap.mmap) -> None:
    written = WrittenPages()
    with child(lambda: None) as pid:
        pass
    written.note(pid)  # it is gone

    def work() -> None:
        written.copy()
        assert faults_of(lambda: write(memory, range(_PAGES))) >= _PAGES

    with child(work):
        pass
