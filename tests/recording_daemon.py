"""A seacand that also writes down what it answers, a line of JSON each.

    python tests/recording_daemon.py FILE [flags of seacand...]
    python tests/recording_daemon.py --template DESCRIPTOR, for tests/daemon_template.py

Bodies are recorded as far as they are JSON, and up to a limit. A request with the header
`X-Test-Step: N` kills it in front of the Nth thing from then on that it does to the system, with
`X-Test-Event: NAME` in front of the Nth audit event of that name.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from seacan import paths
from seacan.api import server
from seacan.api.door import Door
from seacan.daemon.main import main
from seacan.errors import SeacanError
from seacan.http.errors import STATUS, message_reply
from seacan.http.messages import Answer, Hijack, Reply, Request, Send, Stream

_LIMIT_BYTES: Final = 1 << 20


class Recorder:
    """Appends to a file, so that what was written before a kill is there."""

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600)

    def write(self, request: Request, status: int, content_type: str, body: bytes) -> None:
        is_json = content_type.startswith("application/json") and len(body) <= _LIMIT_BYTES
        line = {
            "method": request.method,
            "target": request.target,
            "status": status,
            "content_type": content_type,
            "body": body.decode("latin-1") if is_json and request.method != "HEAD" else "",
        }
        os.write(self._fd, json.dumps(line).encode() + b"\n")


# Python's audit events of what changes something outside.
_STEPS: Final = (
    *("os.mkdir", "os.rename", "os.remove", "socket.bind", "socket.connect", "subprocess.Popen"),
)


def _die_at(step: int, events: Collection[str]) -> None:
    """Count what is done to the system from now on, and die in front of `step`, from 0."""
    left = [step]

    def count(event: str, arguments: Any) -> None:
        if event in events:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    sys.addaudithook(count)


class RecordingDoor(Door):
    async def __call__(self, request: Request) -> Answer:
        if step := request.headers.get("x-test-step"):
            event = request.headers.get("x-test-event")
            _die_at(int(step), [event] if event else _STEPS)
        try:
            answer = await super().__call__(request)
        except SeacanError as err:
            self._record(request, _reply(err))
            raise
        if isinstance(answer, Stream):
            return _recorded(request, answer)
        self._record(request, answer)
        return answer

    def _record(self, request: Request, answer: Reply | Hijack) -> None:
        if isinstance(answer, Reply):
            RECORDER.write(request, answer.status, answer.content_type, answer.body)
        else:
            head = answer.head.decode("latin-1")
            content_type = head.partition("Content-Type: ")[2].partition("\r\n")[0]
            RECORDER.write(request, int(head.split()[1]), content_type, b"")


def _recorded(request: Request, answer: Stream) -> Stream:
    async def produce(send: Send) -> None:
        body = bytearray()

        async def record_and_send(piece: bytes) -> None:
            if len(body) <= _LIMIT_BYTES and answer.content_type == "application/json":
                body.extend(piece)
            await send(piece)

        end = Reply(200, b"", answer.content_type)
        try:
            await answer.produce(record_and_send)
        except SeacanError as err:
            end = end if body else _reply(err)
            raise
        finally:
            RECORDER.write(request, end.status, end.content_type, end.body or bytes(body))

    return Stream(answer.content_type, produce, answer.headers)


def _reply(err: SeacanError) -> Reply:
    status = next(status for kind, status in STATUS.items() if isinstance(err, kind))
    return Reply(304) if status == 304 else message_reply(status, str(err))


def _forked(channel_fd: int) -> list[str]:
    """Be the template; return the words of an order in each child that is forked for one.

    It is no child of the tests' process, which look at whether any are left.
    """
    if os.fork():
        os._exit(0)
    channel = socket.socket(fileno=channel_fd)
    while True:
        text, descriptors, *_ = socket.recv_fds(channel, _LIMIT_BYTES, 1)
        if not text:
            sys.exit()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # so that its pid is kept until it is open
        if (pid := os.fork()) == 0:
            channel.close()
            return _take(json.loads(text), descriptors[0])
        pidfd = os.pidfd_open(pid)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps it
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        socket.send_fds(channel, [b"%d" % pid], [pidfd])
        os.close(pidfd)
        os.close(descriptors[0])


def _take(order: dict[str, Any], output: int) -> list[str]:
    for fd in (1, 2):
        os.dup2(output, fd)
    os.close(output)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["directory"])
    words: list[str] = order["words"]
    return words


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "--template":
        words = _forked(int(words[1]))
    RECORDER = Recorder(words[0])
    server.Door = RecordingDoor  # type: ignore[attr-defined]
    # What the host's own daemon is told is not for this one.
    paths.DEFAULT_CONFIG_FILE = Path(words[0]).with_name("no-daemon.json")  # type: ignore[misc]
    main(words[1:])
