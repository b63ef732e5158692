"""Daemons forked from a process that has imported seacand, instead of started from nothing.

Importing takes longer than anything else that a daemon does until it serves: half a second, much
more where the processor is emulated, and the tests start hundreds. Each process of tests has a
template, the first time that it needs one. It has one thread and nothing open, so that what is
forked is what a new interpreter would be after its imports. It ends with the tests' end of its
channel.

    tests ──{"words", "environment", "directory"}, its output──▶ template ─ fork ─▶ daemon
          ◀──pid, pidfd──
"""

import contextlib
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PROGRAM: Final = Path(__file__).with_name("recording_daemon.py")


class Forked:
    """A daemon that is no child of this process; as far as needed, what Popen is to one that is."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        weakref.finalize(self, os.close, pidfd)

    def poll(self) -> int | None:
        """Return None while it runs; how it ended is told its parent alone."""
        return 0 if self._ends_within(0) else None

    def wait(self, timeout: float | None = None) -> None:
        """Wait for its end; raises TimeoutExpired."""
        if not self._ends_within(timeout):
            raise subprocess.TimeoutExpired(PROGRAM.name, timeout or 0)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def _ends_within(self, timeout_s: float | None) -> bool:
        end = select.poll()
        end.register(self._pidfd, select.POLLIN)
        return bool(end.poll(None if timeout_s is None else timeout_s * 1000))


class Template:
    """The tests' end of it."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-P", str(PROGRAM), "--template", str(theirs.fileno())]
            subprocess.run(
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], check=True
            )
        self._lock = threading.Lock()

    def fork(self, words: Sequence[str], environment: Mapping[str, str], output: int) -> Forked:
        """Start a daemon with the arguments `words` of recording_daemon.py."""
        order = {"words": words, "environment": dict(environment), "directory": os.getcwd()}
        with self._lock:
            socket.send_fds(self._channel, [json.dumps(order).encode()], [output])
            pid, pidfds, *_ = socket.recv_fds(self._channel, 20, 1)
        assert pidfds, "the template of the daemons has ended"
        return Forked(int(pid), pidfds[0])


@functools.cache
def template() -> Template:
    return Template()
