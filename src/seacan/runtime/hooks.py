"""Programs of the bundle's maker, run at six points of a container's life.

    create   namespaces and mounts are there, pivot_root is to come
               prestart, createRuntime     by the runtime, where it is itself
               createContainer             by the container's first process, in its namespaces
    start    startContainer                by the same, inside, with the rights it has by then
             the process is executed
               poststart                   by the runtime
    delete   the container is gone
               poststop                    by the runtime

Those up to startContainer must succeed, and the container is undone if one does not; of the last
two, failures are warnings. Each gets the container's state on its standard input, exactly the
environment it asks for, a session of its own, and of descriptors 0, 1 and 2 alone.
Source: OCI runtime-spec 1.2, config.md#posix-platform-hooks, runtime.md#lifecycle.
"""

from __future__ import annotations

import fcntl
import gc
import os
import select
import time

from seacan import json_text, log
from seacan.errors import InvalidArgument
from seacan.kernel import processes, signals
from seacan.lean import contextmanager, suppress
from seacan.runtime.failures import HookFailed, cause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final, NoReturn

    from seacan.spec.runtime import Hook, HookKind, Hooks, State

_KINDS: Final[tuple[HookKind, ...]] = (
    *("prestart", "createRuntime", "createContainer"),
    *("startContainer", "poststart", "poststop"),
)
_NOT_EXECUTED: Final = 127  # what a shell exits with
_MAX_SAID_BYTES: Final = 2048  # of what a hook writes, the end: it has to fit into a message
_CHUNK_BYTES: Final = 65536
_MAX_PIPE_CHUNKS: Final = 16  # of a pipe as large as /proc/sys/fs/pipe-max-size has it
_LONG_S: Final = 3600.0  # poll(2) counts milliseconds in an int


def check(hooks: Hooks) -> None:
    """Raise InvalidArgument for a hook that could not be run as it is written."""
    for kind in _KINDS:
        for index, hook in enumerate(hooks.get(kind, [])):
            _check(f"hooks.{kind}[{index}]", hook)


def _check(name: str, hook: Hook) -> None:
    if not hook.get("path", "").startswith("/"):
        raise InvalidArgument(f"{name}.path: not an absolute path: {hook.get('path', '')!r}")
    if hook.get("args", ["x"])[:1] == [""]:
        raise InvalidArgument(f"{name}.args: the first is empty")
    for entry in hook.get("env", []):
        if "=" not in entry[1:]:
            raise InvalidArgument(f"{name}.env: not NAME=VALUE: {entry!r}")
    if hook.get("timeout", 1) <= 0:
        raise InvalidArgument(f"{name}.timeout: not above 0: {hook['timeout']}")


def run(kind: HookKind, hooks: Hooks, state: State) -> None:
    """Run the hooks of `kind` in their order.

    Raises HookFailed for the first that fails, with what it said; those after it are not run.
    """
    document = json_text.dumps(state, escaped=True).encode()
    place = state["bundle"] if kind in ("prestart", "createRuntime") else None
    for index, hook in enumerate(hooks.get(kind, [])):
        if (trouble := _trouble_running(hook, document, place)) is not None:
            raise HookFailed(f"error running {kind} hook #{index}: {hook['path']}: {trouble}")


def run_all(kind: HookKind, hooks: Hooks, state: State) -> None:
    """Run the hooks of `kind` in their order; failures are warnings, and the others follow."""
    document = json_text.dumps(state, escaped=True).encode()
    for index, hook in enumerate(hooks.get(kind, [])):
        if (trouble := _trouble_running(hook, document, state["bundle"])) is not None:
            log.warn(f"{kind} hook #{index} failed", path=hook["path"], error=trouble)


def _trouble_running(hook: Hook, document: bytes, place: str | None) -> str | None:
    """Run it to its end in the directory `place`, or where we are; return what went wrong."""
    try:
        with _started(hook, place) as running:
            is_done = running.wait(document, hook.get("timeout"))
    except OSError as err:
        return cause(err)
    trouble = running.trouble() if is_done else f"still running after {hook['timeout']} s"
    if trouble is None:
        return None
    said = running.said.decode(errors="replace").strip()
    return f"{trouble}: {said}" if said else trouble


class _Running:
    """A hook's process, ours to reap; `said` is the end of what it wrote."""

    def __init__(self, pid: int, stdin: int, output: int) -> None:
        self._pid = pid
        self._stdin = stdin
        self._output = output
        self._code: int | None = None
        self.said = b""
        os.set_blocking(stdin, False)
        os.set_blocking(output, False)

    def wait(self, document: bytes, timeout_s: int | None) -> bool:
        """Feed it `document` and take in what it says until it ends; False at the timeout.

        Its end counts, not that of its output: what it leaves in the background may hold that open.
        Without a timeout it may take for ever, as the specification has it.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        pidfd = os.pidfd_open(self._pid)
        try:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            poll.register(self._stdin, select.POLLOUT)
            poll.register(self._output, select.POLLIN)
            while True:
                left_s = None if deadline is None else deadline - time.monotonic()
                if left_s is not None and left_s <= 0:
                    return False
                ready = dict(poll.poll(None if left_s is None else min(left_s, _LONG_S) * 1000))
                if self._stdin in ready and not (document := self._feed(document)):
                    poll.unregister(self._stdin)
                    self._close_stdin()
                if self._output in ready and not self._listen():
                    poll.unregister(self._output)
                if pidfd in ready:
                    self._end()
                    return True
        finally:
            os.close(pidfd)

    def _feed(self, document: bytes) -> bytes:
        """Return what is still to be written; nothing, if nobody reads it."""
        try:
            return document[os.write(self._stdin, document) :]
        except BrokenPipeError:
            return b""

    def _close_stdin(self) -> None:
        if self._stdin >= 0:
            os.close(self._stdin)
            self._stdin = -1

    def _listen(self) -> bool:
        """Take in some output; False at its end."""
        data = os.read(self._output, _CHUNK_BYTES)
        self.said = (self.said + data)[-_MAX_SAID_BYTES:]
        return bool(data)

    def _end(self) -> None:
        self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        # What is there by now, and no more: somebody else may hold it open, and go on for ever.
        with suppress(BlockingIOError):
            for _ in range(_MAX_PIPE_CHUNKS):
                self._listen()

    def trouble(self) -> str | None:
        """Return how it failed, if it has ended and did."""
        match self._code:
            case None | 0:
                return None
            case code if code < 0:
                return f"killed by signal {-code}"
            case code:
                return f"exit status {code}"

    def close(self) -> None:
        """Let go of it; if it has not ended, end it and all it has started in its session."""
        if self._code is None:
            try:
                os.killpg(self._pid, signals.SIGKILL)
            except ProcessLookupError:  # it has not come to its session yet
                os.kill(self._pid, signals.SIGKILL)
            self._end()
        self._close_stdin()
        os.close(self._output)


@contextmanager
def _started(hook: Hook, place: str | None) -> Iterator[_Running]:
    """Start the hook; at the end of the `with` it has ended."""
    if signals.getsignal(signals.SIGCHLD) == signals.SIG_IGN:
        # As the caller's caller had it: children would be gone before they can be waited for.
        signals.signal(signals.SIGCHLD, signals.SIG_DFL)
    stdin, feed = os.pipe()
    output, stdout = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            _become(hook, place, stdin, stdout)
    except OSError:
        os.close(feed)
        os.close(output)
        raise
    finally:
        os.close(stdin)
        os.close(stdout)
    running = _Running(pid, feed, output)
    try:
        yield running
    finally:
        running.close()


def _become(hook: Hook, place: str | None, stdin: int, stdout: int) -> NoReturn:
    try:
        gc.disable()  # finalizers of the parent's objects would close descriptors by number
        os.setsid()
        processes.default_signals()
        _take_stdio(stdin, stdout)
        if place is not None:
            os.chdir(place if os.path.isdir(place) else "/")  # it may have gone by the end
        processes.close_on_exec_from(3)
        env = dict(entry.split("=", 1) for entry in hook.get("env", []))
        os.execve(hook["path"], hook.get("args") or [hook["path"]], env)
    except OSError as err:
        os.write(2, cause(err).encode())
    finally:
        os._exit(_NOT_EXECUTED)


def _take_stdio(stdin: int, stdout: int) -> None:
    # Copies first: where the caller has less than three descriptors, a pipe may be one of them.
    stdin, stdout = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in (stdin, stdout))
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.dup2(stdout, 2)
