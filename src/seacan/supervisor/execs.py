"""The processes that a shim runs beside the container's first one.

    asked ──▸ waits ──▸ a child of the shim starts it ──▸ answered ──▸ runs ──▸ ended, told

The shim goes on while one is started. Whoever is root in the container may stop that process as
soon as it is in there, and would have stopped the shim with it: its log, and what kills him.
"""

import socket
from collections.abc import Callable
from typing import Final, cast

from seacan import errors, log
from seacan.records import record
from seacan.spec.runtime import Process
from seacan.supervisor import protocol
from seacan.supervisor.container import Container
from seacan.supervisor.loop import READABLE, Loop
from seacan.supervisor.process import ProcessStreams, Supervised
from seacan.supervisor.protocol import ExecRequest, Message
from seacan.supervisor.requests import Answer
from seacan.supervisor.streams import Stdio
from seacan.supervisor.worker import Work

_AT_ONCE: Final = 8  # that are being started; the others wait


@record(frozen=False)
class _Beginning:
    request: ExecRequest
    client: socket.socket | None
    asker: socket.socket | None = None
    streams: ProcessStreams | None = None
    work: Work | None = None

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
        tell: Callable[[Message], None],
        on_end: Callable[[Stdio], None],
    ) -> None:
        """`tell` has the daemon know of events; `on_end` takes the streams of what has ended."""
        self._loop = loop
        self._container = container
        self._tell = tell
        self._on_end = on_end
        self._beginning: list[_Beginning] = []
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
        beginning = _Beginning(request, client)

        def keep(connection: socket.socket) -> None:
            beginning.asker = connection
            self._beginning.append(beginning)
            self._start_waiting()

        return Answer(None, keep=keep)

    def _start_waiting(self) -> None:
        for each in self._beginning[:_AT_ONCE]:
            if each.work is not None:
                continue
            try:
                self._start(each)
            except OSError as err:
                self._fail(each, err)

    def _start(self, beginning: _Beginning) -> None:
        request = beginning.request
        process = cast(Process, request["process"])
        streams = beginning.streams = ProcessStreams(
            terminal=bool(process.get("terminal")),
            stdin=request["stdin"],
            output=beginning.client is not None,
        )
        side = streams.child_side
        work = beginning.work = Work(
            lambda: self._container.exec_process(process, side), side.descriptors()
        )
        self._loop.watch(work.fileno(), READABLE, self.settle)

    def settle(self) -> None:
        """See to those that run by now, or never will."""
        for each in [each for each in self._beginning if each.work is not None]:
            try:
                if each.work is not None and (pid := each.work.result()) is not None:
                    self._run(each, pid)
            except (errors.SeacanError, OSError) as err:
                self._fail(each, err)
        self._start_waiting()

    def _run(self, beginning: _Beginning, pid: int) -> None:
        assert beginning.streams is not None
        request, client = beginning.request, beginning.client
        exec_id, attachment = request["exec_id"], request["attachment"]
        stdio = beginning.streams.begin(
            self._loop,
            log=None,
            close_stdin_with_client=True,
            stall_limit_s=None,
            on_detach=lambda: self._tell({"event": "detached", "exec_id": exec_id}),
        )
        self._forget(beginning)
        self._running[exec_id] = Supervised(pid, stdio)
        if client is not None and attachment is not None:
            stdio.attach(client, attachment)
        beginning.answer({"pid": pid})

    def _fail(self, beginning: _Beginning, why: Exception) -> None:
        self._forget(beginning)
        if beginning.streams is not None:
            beginning.streams.close()
        beginning.answer(protocol.error_reply(why))
        if beginning.client is not None:  # who asked has it, too, and says why
            beginning.client.close()

    def _forget(self, beginning: _Beginning) -> None:
        self._beginning.remove(beginning)
        if beginning.work is not None:
            self._loop.ignore(beginning.work.fileno(), READABLE)
            beginning.work.close()

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
        for beginning in list(self._beginning):
            self._fail(beginning, errors.Conflict("cannot exec in a stopped container"))
        for exec_id in list(self._running):
            self._end(exec_id, status)
