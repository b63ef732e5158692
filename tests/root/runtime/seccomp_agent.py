"""An agent that answers the notifications of seccomp, as a process of its own.

Calls whose names are in `answers` fail with the errno given there; the rest goes on as if there
were no filter. What it is sent is kept as JSON, a line for each connection, in the file `log`.
"""

import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from seacan.runtime.seccomp.syscall_numbers import numbers

# linux/seccomp.h: struct seccomp_notif, struct seccomp_notif_resp, and their ioctls.
_NOTIFICATION: Final = struct.Struct("=QIIiIQ6Q")
_RESPONSE: Final = struct.Struct("=QqiI")
_RECV: Final = 0xC0502100
_SEND: Final = 0xC0182101
_CONTINUE: Final = 1


@dataclass
class Agent:
    path: Path
    log: Path
    pid: int

    def received(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def end(self) -> None:
        """End it and its notifications; done twice, nothing more happens."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


@contextmanager
def answering(directory: Path, answers: dict[str, int]) -> Iterator[Agent]:
    path, log = directory / "agent.sock", directory / "agent.log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()
        log.touch()
        pid = os.fork()
        if pid == 0:
            try:
                _serve(listening, log, {_number(name): code for name, code in answers.items()})
            finally:
                os._exit(1)
    agent = Agent(path, log, pid)
    try:
        yield agent
    finally:
        agent.end()


def _number(name: str) -> int:
    return numbers("x86_64" if os.uname().machine == "x86_64" else "aarch64")[name]


def _serve(listening: socket.socket, log: Path, answers: dict[int, int]) -> None:
    poll = select.poll()
    poll.register(listening, select.POLLIN)
    while True:
        for fd, event in poll.poll():
            if fd == listening.fileno():
                poll.register(_accept(listening, log), select.POLLIN)
            elif event & select.POLLIN:
                _answer(fd, answers)
            else:  # nobody is left under the filter
                poll.unregister(fd)
                os.close(fd)


def _accept(listening: socket.socket, log: Path) -> int:
    connection, _ = listening.accept()
    with connection:
        data, (fd,), _, _ = socket.recv_fds(connection, 1 << 16, 1)
        while more := connection.recv(1 << 16):
            data += more
    with log.open("a") as file:
        file.write(json.dumps(json.loads(data)) + "\n")
    return fd


def _answer(fd: int, answers: dict[int, int]) -> None:
    buffer = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(fd, _RECV, buffer)
        identity, _, _, number, *_ = _NOTIFICATION.unpack(buffer)
        code = answers.get(number)
        response = (0, -code, 0) if code is not None else (0, 0, _CONTINUE)
        fcntl.ioctl(fd, _SEND, bytearray(_RESPONSE.pack(identity, *response)))
    except OSError as error:
        if error.errno != errno.ENOENT:  # the process was killed meanwhile
            raise
