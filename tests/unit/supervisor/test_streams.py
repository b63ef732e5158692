import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seacan import errors
from seacan.supervisor.attachment import DetachKeys
from seacan.supervisor.logs.json_file import JsonFormat
from seacan.supervisor.logs.log import Log, LogFile
from seacan.supervisor.logs.rotation import RotatedFile
from seacan.supervisor.loop import Loop
from seacan.supervisor.protocol import AttachRequest
from seacan.supervisor.streams import Output, Stdio

KEYS = b"\x10\x11"


def request(**changes: object) -> AttachRequest:
    wanted = {"stdin": True, "stdout": True, "stderr": True, "framed": True}
    plain = {**wanted, "detach_keys": "", "early": ""}
    return {**plain, **changes}  # type: ignore[typeddict-item]


def json_log(path: Path) -> Log:
    file = RotatedFile(str(path), max_size_bytes=-1, max_files=1)
    return Log(LogFile(file, JsonFormat({})))


class Process:
    """The far ends of a process's pipes, and the stdio at the near ends."""

    def __init__(
        self, *, once: bool = True, log: Log | None = None, stall_limit_s: float | None = 10.0
    ) -> None:
        self.loop = Loop()
        self.stdin, stdin = os.pipe()
        stdout, self.stdout = os.pipe()
        stderr, self.stderr = os.pipe()
        os.set_blocking(self.stdin, False)
        self.clients: list[socket.socket] = []
        self.stdio = Stdio(
            self.loop,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            close_stdin_with_client=once,
            log=log,
            stall_limit_s=stall_limit_s,
        )

    def attach(
        self, pair: tuple[socket.socket, socket.socket] | None = None, **changes: object
    ) -> socket.socket:
        ours, theirs = pair or socket.socketpair()
        self.clients.append(ours)
        ours.settimeout(60)
        self.stdio.attach(theirs, request(**changes))
        return ours

    def close(self) -> None:
        for client in self.clients:
            client.close()
        for fd in (self.stdin, self.stdout, self.stderr):
            os.close(fd)
        self.stdio.finish()
        self.until(lambda: self.stdio.is_flushed)

    def until(self, seen: Callable[[], bool]) -> None:
        while not seen():
            self.loop.run_once()

    def read_input(self) -> bytes | None:
        try:
            return os.read(self.stdin, 4096)
        except BlockingIOError:
            return None


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process()
    yield process
    process.close()


def test_output_is_framed_by_stream(process: Process) -> None:
    client = process.attach()
    os.write(process.stdout, b"out")
    process.loop.run_once()
    os.write(process.stderr, b"err!")
    process.loop.run_once()
    assert client.recv(100) == b"\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\4err!"


def test_a_client_may_take_all_as_one_stream(process: Process) -> None:
    raw, framed = process.attach(framed=False), process.attach()
    os.write(process.stdout, b"out")
    process.stdio.finish()
    assert raw.recv(100) == b"out"
    assert framed.recv(100) == b"\1\0\0\0\0\0\0\3out"


def test_a_client_gets_only_the_streams_that_it_wants(process: Process) -> None:
    client = process.attach(stdout=False)
    os.write(process.stdout, b"out")
    os.write(process.stderr, b"err")
    process.stdio.finish()
    assert client.recv(100) == b"\2\0\0\0\0\0\0\3err"
    assert client.recv(100) == b""


def test_what_is_left_in_the_pipes_is_delivered_at_the_end(process: Process) -> None:
    clients = [process.attach(), process.attach()]
    os.write(process.stdout, b"last words")
    process.stdio.finish()
    for client in clients:
        assert client.recv(100).endswith(b"last words")
        assert client.recv(100) == b""


def test_an_end_comes_though_others_write_on_without_pause() -> None:
    """Children in another container's pid namespace did: their container was seen to run on."""
    ours, theirs = os.pipe()
    got = []

    def deliver(_stream: str, data: bytes) -> None:
        got.append(len(data))
        assert len(got) < 1000, "it is read without end"
        os.write(theirs, bytes(4096))

    output = Output(Loop(), "stdout", ours, deliver, ends_early=True)
    os.write(theirs, bytes(4096))
    room = fcntl.fcntl(theirs, fcntl.F_GETPIPE_SZ)
    output.drain()
    os.close(theirs)
    assert sum(got) == room


def test_input_arrives_early_bytes_first_and_its_end_closes_stdin(process: Process) -> None:
    client = process.attach(early="early ")
    client.sendall(b"late")
    client.shutdown(socket.SHUT_WR)
    received = b""
    while (data := process.read_input()) != b"":
        if data is None:
            process.loop.run_once()
        else:
            received += data
    assert received == b"early late"
    os.write(process.stdout, b"answer")
    process.loop.run_once()
    assert client.recv(100).endswith(b"answer")


def test_stdin_stays_open_for_the_next_client_unless_it_is_once() -> None:
    process = Process(once=False)
    client, listener = process.attach(), process.attach(stdin=False)
    for attached in (client, listener):
        attached.shutdown(socket.SHUT_WR)
        process.loop.run_once()
    assert process.read_input() is None
    assert client.recv(1) == b""  # it has nothing to wait for
    os.write(process.stdout, b"x")
    process.loop.run_once()
    assert listener.recv(100).endswith(b"x")
    process.attach(early="second")
    assert process.read_input() == b"second"
    process.close()


class Counter(Log):
    """Counts what is logged, which is all that was read."""

    def __init__(self) -> None:
        super().__init__(None)
        self.bytes = 0

    def write(self, stream: str, data: bytes) -> None:
        self.bytes += len(data)

    def close(self) -> None:
        pass


def test_a_slow_client_holds_the_process_up_and_loses_nothing() -> None:
    counter = Counter()
    process = Process(log=counter)
    client = process.attach(stderr=False)
    total = 3 * 1024 * 1024
    writer = threading.Thread(target=_write_all, args=(process.stdout, total))
    received = bytearray()

    def read() -> None:
        while data := client.recv(65536):
            received.extend(data)

    # Until the client reads, neither memory nor the pipe takes all of it.
    writer.start()
    for _ in range(5):
        process.loop.run_once()
    assert writer.is_alive()
    reader = threading.Thread(target=read)
    reader.start()
    process.until(lambda: counter.bytes == total)
    process.stdio.finish()
    process.until(lambda: process.stdio.is_flushed)
    reader.join()
    writer.join()
    assert received.count(b"x") == total
    process.close()


def _write_all(fd: int, total: int) -> None:
    left = total
    while left:
        left -= os.write(fd, b"x" * min(left, 65536))


def test_a_client_that_is_gone_does_not_stop_the_others(process: Process) -> None:
    gone, there = process.attach(), process.attach()
    gone.close()
    for _ in range(3):
        os.write(process.stdout, b"more")
        process.loop.run_once()
    process.stdio.finish()
    assert there.recv(1000).count(b"more") >= 1


def test_output_goes_to_the_log_with_or_without_clients(tmp_path: Path) -> None:
    process = Process(log=json_log(tmp_path / "log"))
    os.write(process.stdout, b"logged\n")
    process.stdio.finish()
    assert b'"log":"logged\\n"' in (tmp_path / "log").read_bytes()
    process.close()


def test_detach_keys_let_a_client_go_and_leave_the_process(process: Process) -> None:
    client = process.attach(detach_keys="\x10\x11")
    client.sendall(b"typed\x10\x11")
    process.until(lambda: process.stdio.is_flushed)
    assert process.read_input() == b"typed"
    assert client.recv(10) == b""


def test_a_client_that_takes_nothing_is_dropped_and_the_others_miss_nothing() -> None:
    counter = Counter()
    process = Process(log=counter, stall_limit_s=0.2)
    process.attach()  # and never reads
    readers = [process.attach() for _ in range(9)]
    total = 2 * 1024 * 1024
    received = [bytearray() for _ in readers]

    def read(client: socket.socket, taken: bytearray) -> None:
        while data := client.recv(65536):
            taken.extend(data)

    threads = [
        threading.Thread(target=read, args=pair) for pair in zip(readers, received, strict=True)
    ]
    threads.append(threading.Thread(target=_write_all, args=(process.stdout, total)))
    for thread in threads:
        thread.start()
    process.until(lambda: counter.bytes == total)
    process.stdio.finish()
    process.until(lambda: process.stdio.is_flushed)
    for thread in threads:
        thread.join()
    assert {bytes(taken) for taken in received} == {bytes(received[0])}
    assert received[0].count(b"x") == total
    process.close()


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


@pytest.mark.parametrize("make_pair", [tcp_pair, socket.socketpair], ids=["tcp", "unix"])
def test_what_was_said_last_arrives_though_input_is_not_taken(
    make_pair: Callable[[], tuple[socket.socket, socket.socket]],
) -> None:
    """Closing with bytes unread would reset a connection of TCP, and what is on its way be lost."""
    process = Process()
    client = process.attach(make_pair())
    client.sendall(b"y" * 200_000)  # more than a pipe takes
    process.loop.run_once()
    os.write(process.stdout, b"last words")
    process.stdio.finish()
    assert client.recv(100) == b"\1\0\0\0\0\0\0\nlast words"
    assert client.recv(100) == b""
    assert not process.stdio.is_flushed  # it waits for the client
    client.close()
    process.until(lambda: process.stdio.is_flushed)
    process.close()


def test_a_client_that_never_closes_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seacan.supervisor.attachment.LINGER_S", 0.01)
    process = Process()
    process.attach()
    process.stdio.finish()
    assert not process.stdio.is_flushed
    process.until(lambda: process.stdio.is_flushed)
    process.close()


def test_a_process_without_such_a_limit_waits_for_its_client() -> None:
    process = Process(stall_limit_s=None)
    process.attach()
    os.set_blocking(process.stdout, False)
    for _ in range(200):
        with contextlib.suppress(BlockingIOError):
            os.write(process.stdout, b"x" * 65536)
        process.loop.call_in(0, lambda: None)
        process.loop.run_once()
    assert not process.stdio.is_flushed
    with pytest.raises(BlockingIOError):
        os.write(process.stdout, b"x" * 65536)
    process.close()


def test_a_client_that_is_held_gets_what_is_not_logged_yet_and_all_that_follows(
    tmp_path: Path,
) -> None:
    process = Process(log=json_log(tmp_path / "log"))
    os.write(process.stdout, b"logged\nhalf ")
    process.loop.run_once()
    ours, theirs = socket.socketpair()
    process.clients.append(ours)
    attachment, position_ns = process.stdio.attach_held(theirs, request())
    os.write(process.stdout, b"a line\n")
    process.loop.run_once()
    ours.setblocking(False)
    with pytest.raises(BlockingIOError):
        ours.recv(100)
    attachment.release()
    assert ours.recv(100) == b"\1\0\0\0\0\0\0\5half \1\0\0\0\0\0\0\7a line\n"
    assert 0 < position_ns <= time.time_ns()
    process.close()


def test_a_websocket_client_gets_messages_and_sends_them(process: Process) -> None:
    client = process.attach(websocket="binary")
    os.write(process.stdout, b"out")
    process.loop.run_once()
    assert client.recv(100) == b"\x82\x03out"
    client.sendall(
        b"\x81\x85\1\2\3\4" + bytes(a ^ b for a, b in zip(b"typed", b"\1\2\3\4\1", strict=True))
    )
    process.loop.run_once()
    assert process.read_input() == b"typed"
    process.stdio.finish()
    assert client.recv(100) == b"\x88\x02\x03\xe8"
    assert client.recv(100) == b""


@pytest.mark.parametrize(
    ("typed", "passed", "detached"),
    [
        ([b"abc"], b"abc", False),
        ([b"\x10\x11"], b"", True),
        ([b"a\x10", b"\x11b"], b"a", True),
        ([b"\x10a"], b"\x10a", False),
        ([b"\x10", b"\x10", b"\x11"], b"\x10", True),
        ([b"\x11\x10"], b"\x11", False),
    ],
)
def test_detach_keys_are_found_and_everything_else_passes(
    typed: list[bytes], passed: bytes, detached: bool
) -> None:
    keys = DetachKeys(KEYS)
    out, seen = b"", False
    for data in typed:
        piece, seen = keys.pass_through(data)
        out += piece
    assert (out, seen) == (passed, detached)


def test_the_size_of_no_terminal_is_nobodys_matter(process: Process) -> None:
    process.stdio.resize(24, 80)


def test_a_terminal_is_kept_until_the_end_and_cannot_be_resized_after_it() -> None:
    loop = Loop()
    master, slave = os.openpty()
    stdio = Stdio(loop, stdin=None, terminal=master, close_stdin_with_client=False, log=None)
    os.write(slave, b"x")
    loop.run_once()
    stdio.resize(30, 100)
    assert os.get_terminal_size(slave) == (100, 30)
    # Nobody has it open: a read fails, but the process may open it again.
    os.close(slave)
    loop.run_once()
    stdio.resize(31, 101)
    stdio.finish()
    with pytest.raises(errors.InvalidArgument):
        stdio.resize(32, 102)
