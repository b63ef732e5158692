"""The shim: the parent of one container, from its start to its end.

It makes a network namespace ahead, and holds it: its container joins it, and the daemon is given
descriptors to put interfaces into it. It holds the container's stdio and writes its log, serves
attached clients, runs execs, and writes down how the container ended before it tells anyone. It
needs neither the daemon nor the launcher.

    request ──▸ starter starts it ──▸ reply ──▸ loop: stdio, requests, children ──▸ init ended
      └▸ failed: undone, reply, exit                     drain, exit.json, clean up, tell ◂┘
                                                         serve clients to the end, exit
"""

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import cast

from seacan import errors, files, log
from seacan.kernel import this_process
from seacan.kernel.cgroups.oom import OomWatch
from seacan.supervisor import protocol
from seacan.supervisor.attachment import Attachment
from seacan.supervisor.container import open_container
from seacan.supervisor.execs import Execs
from seacan.supervisor.logs.log import open_log
from seacan.supervisor.loop import READABLE, Loop
from seacan.supervisor.network_namespace import NetworkNamespace
from seacan.supervisor.process import ProcessStreams, Supervised
from seacan.supervisor.protocol import Exit, IdMap, Message, StartRequest
from seacan.supervisor.requests import Answer, Call, RequestSocket
from seacan.supervisor.standby import Standby
from seacan.supervisor.starter import Starter
from seacan.supervisor.streams import Stdio
from seacan.trace import NOT_TRACED, mark


def run(events: socket.socket, standby: Standby | None, id_map: IdMap | None) -> int:
    """Be the shim of the container that the first message on `events` describes; exit status.

    The daemon has one shim wait for its next container: that one is on `standby`, and prepares what
    can be. With `id_map` the network namespace that it makes belongs to a user namespace, made for
    it.
    """
    os.setsid()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # What a container leaves behind in the host's pid namespace (pid mode host) comes to the shim.
    this_process.set_child_subreaper(True)
    starter = Starter(standby)
    if standby is not None:
        standby.shims.copy()
    try:
        network = _make_network(events, id_map)
        received = protocol.receive(events)
    except ConnectionError:
        received = None  # what it has told was not even read
    if received is None:
        return 1  # not needed any more
    this_process.set_name("seacan-shim")
    message, descriptors = received
    if network is not None and not message["has_network"]:
        network.close()
        network = None
    try:
        if network is not None:
            network.set_sysctls(message.get("sysctls", {}))
        shim = Shim(cast(StartRequest, message), descriptors, starter, network)
    except Exception as err:
        protocol.send(events, protocol.error_reply(err))
        return 1
    shim.tell_started(events)
    shim.watch_memory()
    if standby is not None:
        standby.shims.note(os.getpid())
    return shim.serve()


def _make_network(events: socket.socket, id_map: IdMap | None) -> NetworkNamespace | None:
    """Make the namespace and tell of it; a container that needs none can do without."""
    try:
        network = NetworkNamespace(id_map)
    except OSError as err:
        why = errors.Internal(f"make network namespace: {err.strerror}")
        protocol.send(events, protocol.error_reply(why))
        return None
    told = {"network": network.path, "user": network.user_path, "pid": os.getpid()}
    protocol.send(events, told, network.descriptors)
    return network


class Shim:
    def __init__(
        self,
        request: StartRequest,
        descriptors: list[int],
        starter: Starter,
        network: NetworkNamespace | None,
    ) -> None:
        """Create and start the container; on failure everything is undone."""
        self._network = network
        self._bundle = Path(request["bundle"])
        self._loop = Loop()
        self._watchers: list[socket.socket] = []
        self._finished: list[Stdio] = []  # of ended processes, with clients that are owed output
        self._exit: Exit | None = None
        self._memory: OomWatch | None = None
        self._has_run_out = False  # of memory
        trace = descriptors.pop() if request.get("traced") else NOT_TRACED
        mark(trace, "shim", "asked")
        clients = [socket.socket(fileno=fd) for fd in descriptors]
        self._wake_on_children()
        self._container = open_container(request)
        self._execs = Execs(
            self._loop, self._container, self._first_pid, self._tell, self._finish_later
        )
        self._requests = RequestSocket(self._loop, self._bundle, self._calls())
        output = open_log(self._loop, request["log"], self._pace)
        streams = ProcessStreams(terminal=request["terminal"], stdin=request["stdin"])
        try:
            mark(trace, "shim", "open log and streams")
            pid, self._mounts = starter.start(request, streams.child_side, trace)
            mark(trace, "shim", "container runs")
        except BaseException:
            streams.close()
            raise
        finally:
            if trace >= 0:
                os.close(trace)
        self._started_at_ns = time.time_ns()
        if not request["unmounts_last"]:
            self._unmount()
        try:
            stdio = streams.begin(
                self._loop,
                log=output,
                close_stdin_with_client=request["stdin_once"],
                on_detach=lambda: self._tell({"event": "detached", "exec_id": None}),
            )
            for client, attachment in zip(clients, request["attachments"], strict=True):
                stdio.attach(client, attachment)
        except BaseException:
            self._container.delete()
            raise
        self.init = Supervised(pid, stdio)

    def _wake_on_children(self) -> None:
        self._children, wakeup = socket.socketpair(type=socket.SOCK_STREAM)
        self._children.setblocking(False)
        wakeup.setblocking(False)
        self._wakeup = wakeup
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        self._loop.watch(self._children.fileno(), READABLE, self._reap)

    # -- requests ---------------------------------------------------------------------------------

    def _calls(self) -> dict[str, Call]:
        return {
            "watch": self._watch,
            "signal": self._signal,
            "resize": self._resize,
            "attach": self._attach,
            "attach-held": self._attach_held,
            "clear-log": self._clear_log,
            "exec": self._execs.begin,
            "network": self._network_descriptors,
            "socket": self._open_socket,
            "sysctls": self._set_sysctls,
        }

    def _pace(self) -> None:
        """Go on with what the log's receiver was waited for with."""
        self.init.stdio.pace_process()

    def _watch(self, message: Message, descriptors: list[int]) -> Answer:
        return Answer(self._started(), keep=self._watchers.append)

    def _signal(self, message: Message, descriptors: list[int]) -> Answer:
        process = self._process(message.get("exec_id"))
        # The shim is the parent and has not reaped it: the pid is still its own.
        os.kill(process.pid, int(message["signal"]))
        return Answer({})

    def _resize(self, message: Message, descriptors: list[int]) -> Answer:
        stdio = self._process(message.get("exec_id")).stdio
        stdio.resize(message["rows"], message["columns"])
        return Answer({})

    def _attach(self, message: Message, descriptors: list[int]) -> Answer:
        client = socket.socket(fileno=descriptors.pop())
        self.init.stdio.attach(client, message["attachment"])
        return Answer({})

    def _attach_held(self, message: Message, descriptors: list[int]) -> Answer:
        """Attach a client that gets its output once the asker, who sends it the log, says so."""
        client = socket.socket(fileno=descriptors.pop())
        attachment, position_ns = self.init.stdio.attach_held(client, message["attachment"])
        return Answer(
            {"position_ns": position_ns},
            keep=lambda connection: self._release_later(attachment, connection),
            undo=attachment.abandon,
        )

    def _release_later(self, attachment: Attachment, connection: socket.socket) -> None:
        """Release a client that is held with the next packet; drop it at the connection's end."""

        def release() -> None:
            self._loop.ignore(connection.fileno(), READABLE)
            with connection:
                try:
                    is_released = protocol.receive(connection) is not None
                except (errors.SeacanError, OSError):
                    is_released = False
            attachment.release() if is_released else attachment.abandon()

        self._loop.watch(connection.fileno(), READABLE, release)

    def _clear_log(self, message: Message, descriptors: list[int]) -> Answer:
        self.init.stdio.clear_log()
        return Answer({})

    def _network_descriptors(self, message: Message, descriptors: list[int]) -> Answer:
        return Answer({}, descriptors=self._own_network().descriptors)

    def _open_socket(self, message: Message, descriptors: list[int]) -> Answer:
        opened = self._own_network().open_socket(int(message["family"]), int(message["type"]))
        return Answer({}, lent=[opened])

    def _set_sysctls(self, message: Message, descriptors: list[int]) -> Answer:
        self._own_network().set_sysctls(message["values"])
        return Answer({})

    def _own_network(self) -> NetworkNamespace:
        if self._network is None:
            raise errors.Conflict("the container has no network namespace of its own")
        return self._network

    def _process(self, exec_id: str | None) -> Supervised:
        return self.init if exec_id is None else self._execs.running(exec_id)

    def _first_pid(self) -> int:
        if self._exit is not None:  # it was reaped: the number may be another's by now
            raise errors.Conflict("cannot exec in a stopped container")
        return self.init.pid

    # -- children ---------------------------------------------------------------------------------

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._children.recv(4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended(pid, exit_status(status))

    def _ended(self, pid: int, status: int) -> None:
        self._execs.settle()  # it may be one that has begun just now
        if pid == self.init.pid:
            self._init_ended(status)
        else:
            self._execs.ended(pid, status)

    def _finish_later(self, stdio: Stdio) -> None:
        """Keep the streams of an ended process for clients that are owed output."""
        self._finished = [s for s in (*self._finished, stdio) if not s.is_flushed]

    def _init_ended(self, status: int) -> None:
        finished_at_ns = time.time_ns()
        self._look_at_memory()  # first of all: systemd removes the cgroup at once
        oom_killed = self._has_run_out or self._was_oom_killed()
        self._watch_memory_no_longer()
        self.init.stdio.finish()
        self._finished.append(self.init.stdio)
        self._exit = Exit(status=status, oom_killed=oom_killed, finished_at_ns=finished_at_ns)
        # Nothing of the container is left when its end is known: it may be started again at once.
        for step in (self._write_exit, self._delete_container):
            try:
                step()
            except (errors.SeacanError, OSError) as err:
                # The end is told all the same; the daemon gives back what is left.
                log.error("end of container", id=self._bundle.name, step=step.__name__, error=err)

    def watch_memory(self) -> None:
        """Tell from now on when memory runs out; to be called when the start was answered."""
        try:
            self._memory = self._container.watch_oom()
        except OSError as err:
            log.debug("memory is not watched", id=self._bundle.name, error=err)
        else:
            self._loop.watch(self._memory.fileno(), self._memory.events, self._look_at_memory)
            self._look_at_memory()

    def _look_at_memory(self) -> None:
        if self._memory is not None and self._memory.has_run_out():
            self._has_run_out = True
            self._tell({"event": "oom"})

    def _watch_memory_no_longer(self) -> None:
        # Once its cgroup is removed, the watch would be ready for ever.
        if self._memory is not None:
            self._loop.ignore(self._memory.fileno(), self._memory.events)
            self._memory.close()
            self._memory = None

    def _was_oom_killed(self) -> bool:
        try:
            return self._container.oom_kills() > 0
        except OSError as err:
            log.error("look for OOM kills", id=self._bundle.name, error=err)
            return False

    def _write_exit(self) -> None:
        # It is to outlive this process and the daemon; a reboot takes the whole bundle.
        data = json.dumps(self._exit).encode()
        files.write_atomic(self._bundle / "exit.json", data, sync=False)

    def _delete_container(self) -> None:
        self._container.delete()
        if self._network is not None:
            self._network.close()
            self._network = None

    def _unmount(self) -> None:
        """Let go of the mounts: they go with the last process, or now, written out to the disk."""
        if self._mounts >= 0:
            os.close(self._mounts)
            self._mounts = -1

    def _started(self) -> Message:
        return {"pid": self.init.pid, "started_at_ns": self._started_at_ns}

    def tell_started(self, events: socket.socket) -> None:
        """Answer the request to start, and tell from now on what happens."""
        self._watchers.append(events)
        self._tell(self._started())

    def _tell(self, event: Message) -> None:
        for watcher in list(self._watchers):
            try:
                protocol.send(watcher, event)
            except OSError:  # the daemon is gone; what it has missed is in exit.json
                watcher.close()
                self._watchers.remove(watcher)

    def serve(self) -> int:
        while self._exit is None:
            self._loop.run_once()
        self._reap()
        self._execs.end_all(128 + signal.SIGKILL)
        self._requests.close()
        self._tell({"event": "exited", **self._exit})
        self._unmount()
        for watcher in self._watchers:
            watcher.close()
        # A client that reads slowly is owed the rest; one that is gone lets go by itself.
        while not all(stdio.is_flushed for stdio in self._finished):
            self._loop.run_once()
        return 0


def exit_status(wait_status: int) -> int:
    """Return what a shell would: the exit code, or 128+n for signal n."""
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code
