import os
import select
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from seacan.kernel import syscalls


@pytest.fixture
def _threads_that_want_the_lock_at_once() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_threads_that_want_the_lock_at_once")
def test_clone_while_another_thread_runs() -> None:
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            pass

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(20):
            pid = syscalls.clone()
            if pid == 0:
                os._exit(7)
            assert _status(pid) == 7
    finally:
        ended.set()
        thread.join()


def _status(pid: int) -> int:
    """Reap a child; one that hangs is killed."""
    pidfd = os.pidfd_open(pid)
    if not select.select([pidfd], [], [], 60)[0]:
        os.kill(pid, signal.SIGKILL)
    os.close(pidfd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
