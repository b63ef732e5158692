"""The processes that a shim runs beside the container's first one.

    asked ──▸ waits ──▸ forked, begins ──▸ executed, answered ──▸ runs ──▸ ended, told

The shim goes on while one is started. Whoever is root in the container may stop that process as
soon as it is in there, and would have stopped the shim with it: its log, and what kills him.
"""

import socket
from collections.abc import Callable
from functools import partial
from typing import Final, cast

from seacan import errors, log
from seacan.records import record
from seacan.spec.runtime import Process
from seacan.supervisor import protocol
from seacan.supervisor.container import Beginning, Container
from seacan.supervisor.loop import READABLE, Loop
from seacan.supervisor.process import ProcessStreams, Supervised
from seacan.supervisor.protocol import ExecRequest, Message
from seacan.supervisor.requests import Answer
from seacan.supervisor.streams import Stdio

_AT_ONCE: Final = 8  # that are being started; the others wait
_DEADLINE_S: Final = 20  # for one to begin; less than the daemon waits for its answer
_TOO_LATE: Final = f"the process did not begin within {_DEADLINE_S} s"


@record(frozen=False)
class _Asked:
    request: ExecRequest
    client: socket.socket | None
    asker: socket.socket | None = None
    streams: ProcessStreams | None = None
    beginning: Beginning | None = None
    expire: Callable[[], None] | None = None

    def answer(self, reply: Message) -> None:
        if self.asker is None:
            return
        with self.asker:
            try:
                protocol.send(self.asker, reply)
            except OSError as err:
                log.warn("request broke off", error=err)


class Execs:
    def __init__(
        self,
        loop: Loop,
        container: Container,
        first: Callable[[], int],
        tell: Callable[[Message], None],
        on_end: Callable[[Stdio], None],
    ) -> None:
        """`first` returns the pid of the container's first process, or raises Conflict.

        `tell` has the daemon know of events; `on_end` takes the streams of what has ended.
        """
        self._loop = loop
        self._container = container
        self._first = first
        self._tell = tell
        self._on_end = on_end
        self._asked: list[_Asked] = []  # that do not run yet
        self._running: dict[str, Supervised] = {}

    def running(self, exec_id: str) -> Supervised:
        """Return one. Raises NotFound."""
        try:
            return self._running[exec_id]
        except KeyError:
            raise errors.NotFound(f"exec {exec_id}: not running") from None

    def begin(self, message: Message, descriptors: list[int]) -> Answer:
        """Have one started, as soon as it is its turn; who asked is answered then."""
        request = cast(ExecRequest, message)
        has_client = request["attachment"] is not None
        client = socket.socket(fileno=descriptors.pop()) if has_client else None
        asked = _Asked(request, client)

        def keep(connection: socket.socket) -> None:
            asked.asker = connection
            self._asked.append(asked)
            self._start_waiting()

        return Answer(None, keep=keep)

    def _start_waiting(self) -> None:
        for asked in self._asked[:_AT_ONCE]:
            if asked.beginning is not None:
                continue
            try:
                self._start(asked)
            except (errors.SeacanError, OSError) as err:
                self._fail(asked, err)

    def _start(self, asked: _Asked) -> None:
        process = cast(Process, asked.request["process"])
        asked.streams = ProcessStreams(
            terminal=bool(process.get("terminal")),
            stdin=asked.request["stdin"],
            output=asked.client is not None,
        )
        side = asked.streams.child_side
        asked.beginning = self._container.begin_exec(process, side, self._first())
        self._loop.watch(asked.beginning.fileno(), READABLE, self.settle)
        asked.expire = partial(self._give_up, asked, errors.Unavailable(_TOO_LATE))
        self._loop.call_in(_DEADLINE_S, asked.expire)

    def settle(self) -> None:
        """See to those that run by now, or never will."""
        for asked in list(self._asked):
            try:
                if asked.beginning and (pid := asked.beginning.result()) is not None:
                    self._run(asked, pid)
            except (errors.SeacanError, OSError) as err:
                self._fail(asked, err)
        self._start_waiting()

    def _run(self, asked: _Asked, pid: int) -> None:
        assert asked.streams is not None
        request, client = asked.request, asked.client
        exec_id, attachment = request["exec_id"], request["attachment"]
        stdio = asked.streams.begin(
            self._loop,
            log=None,
            close_stdin_with_client=True,
            stall_limit_s=None,
            on_detach=lambda: self._tell({"event": "detached", "exec_id": exec_id}),
        )
        self._forget(asked)
        self._running[exec_id] = Supervised(pid, stdio)
        if client is not None and attachment is not None:
            stdio.attach(client, attachment)
        asked.answer({"pid": pid})

    def _give_up(self, asked: _Asked, why: Exception) -> None:
        """Somebody in the container has stopped it, or all there has ended."""
        if asked.beginning is not None:
            asked.beginning.kill()
        self._fail(asked, why)

    def _fail(self, asked: _Asked, why: Exception) -> None:
        self._forget(asked)
        if asked.streams is not None:
            asked.streams.close()
        asked.answer(protocol.error_reply(why))
        if asked.client is not None:  # who asked has it, too, and says why
            asked.client.close()

    def _forget(self, asked: _Asked) -> None:
        self._asked.remove(asked)
        if asked.beginning is not None:
            self._loop.ignore(asked.beginning.fileno(), READABLE)
            asked.beginning.close()
        if asked.expire is not None:
            self._loop.forget_call(asked.expire)

    def ended(self, pid: int, status: int) -> None:
        """Take note that a child has ended; it may be none of these."""
        for exec_id, process in list(self._running.items()):
            if process.pid == pid:
                self._end(exec_id, status)

    def _end(self, exec_id: str, status: int) -> None:
        # First the daemon, then the client: at the end of the output it asks for the status.
        self._tell({"event": "exec-exited", "exec_id": exec_id, "status": status})
        stdio = self._running.pop(exec_id).stdio
        stdio.finish()
        self._on_end(stdio)

    def end_all(self, status: int) -> None:
        """Take note that all have ended with the container."""
        for asked in list(self._asked):
            self._give_up(asked, errors.Conflict("cannot exec in a stopped container"))
        for exec_id in list(self._running):
            self._end(exec_id, status)
