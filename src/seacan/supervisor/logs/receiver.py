"""Sending a log on: a connection to a receiver that may be slow, gone, or back again.

    IDLE ──first packet──▸ CONNECTING ──▸ [HANDSHAKING] ──▸ CONNECTED
     ▲                       │ fails            │ breaks        │ breaks
     └── tries used up ◂── WAITING ◂────────────┴───────────────┘

A packet is a datagram, or what is never cut when a connection takes the place of another. When the
tries are used up, what waits is lost, as it is with dockerd.
"""

import errno
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from seacan import errors, log
from seacan.supervisor.loop import READABLE, WRITABLE, Loop
from seacan.supervisor.protocol import ReceiverRequest

if TYPE_CHECKING:
    import ssl

# What dockerd says.
_FAILED: Final = "failed to create task for container: failed to initialize logging driver"

_CONNECT_DEADLINE_S: Final = 10.0
_FLUSH_DEADLINE_S: Final = 10.0  # at the container's end
_WAIT_LIMIT_S: Final = 60.0
_GROWTH: Final = 1.5
_RECONNECT_PAUSE_S: Final = 0.1
_BATCH_BYTES: Final = 256 * 1024


class Receiver:
    def __init__(self, loop: Loop, request: ReceiverRequest, on_room: Callable[[], None]) -> None:
        """Connect, if the receiver is to be there; `on_room` is called when it is not behind.

        Raises Internal in dockerd's words.
        """
        self._loop = loop
        self._request = request
        self._on_room = on_room
        self._is_datagram = request["network"] in ("udp", "unixgram")
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._sent = 0  # of the first packet
        self._tries = 0
        self._dropped = 0
        self._connection: socket.socket | None = None
        self._is_connected = False
        self._is_closing = False
        self._is_waiting = False
        self._tls = _tls_context(request["tls"]) if request["network"] == "tls" else None
        if request["is_checked"]:
            self._connect_now()

    # -- what the log sees ------------------------------------------------------------------------

    @property
    def is_behind(self) -> bool:
        return self._request["is_blocking"] and self._queued_bytes > self._request["buffer_bytes"]

    @property
    def is_flushed(self) -> bool:
        return not self._queue

    def send(self, packets: Sequence[bytes]) -> None:
        """Send, or keep for later; what there is no room for is dropped if it is not waited for."""
        limit = -1 if self._request["is_blocking"] else self._request["buffer_bytes"]
        for packet in packets:
            if 0 <= limit < self._queued_bytes + len(packet) and self._queue:
                self._note_dropped(1)
                continue
            self._queue.append(packet)
            self._queued_bytes += len(packet)
        self._advance()

    def close(self) -> None:
        """Let go once everything is sent, or after a while.

        A receiver that need not be there, and is not, is not waited for.
        """
        self._is_closing = True
        if self._queue and not self._request["is_checked"] and not self._is_connected:
            self._give_up()
        if self._queue:
            self._loop.call_in(_FLUSH_DEADLINE_S, self._give_up)
            self._advance()
        if not self._queue:
            self._disconnect()

    def _give_up(self) -> None:
        self._drop_all("the container has ended")
        self._loop.forget_call(self._retry)

    # -- connecting -------------------------------------------------------------------------------

    def _connect_now(self) -> None:
        try:
            connection = self._reach()
        except OSError as err:
            raise errors.Internal(f"{_FAILED}: {_describe(self._request, err)}") from err
        connection.setblocking(False)
        self._connected(connection)

    def _reach(self) -> socket.socket:
        failure = OSError("no address")
        for address in self._request["addresses"]:
            connection = self._socket(address)
            connection.settimeout(_CONNECT_DEADLINE_S)
            try:
                connection.connect(self._target(address))
                return self._wrapped(connection, do_handshake=True)
            except OSError as err:
                connection.close()
                failure = err
        raise failure

    def _socket(self, address: str) -> socket.socket:
        family = socket.AF_UNIX
        if not self._request["network"].startswith("unix"):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
        kind = socket.SOCK_DGRAM if self._is_datagram else socket.SOCK_STREAM
        return socket.socket(family, kind)

    def _target(self, address: str) -> Any:
        is_path = self._request["network"].startswith("unix")
        return address if is_path else (address, self._request["port"])

    def _wrapped(self, connection: socket.socket, *, do_handshake: bool) -> socket.socket:
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(
            connection,
            server_hostname=self._request["tls"]["name"],
            do_handshake_on_connect=do_handshake,
        )

    def _start_connecting(self) -> None:
        addresses = self._request["addresses"]
        address = addresses[self._tries % len(addresses)]
        self._tries += 1
        connection = self._socket(address)
        connection.setblocking(False)
        try:
            connection.connect(self._target(address))
        except BlockingIOError:
            pass
        except OSError as err:
            connection.close()
            self._failed(err)
            return
        self._connection = connection
        self._loop.call_in(_CONNECT_DEADLINE_S, self._time_out)
        self._loop.watch(connection.fileno(), WRITABLE, self._finish_connecting)

    def _finish_connecting(self) -> None:
        connection = self._connection
        assert connection is not None
        if code := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._failed(OSError(code, os.strerror(code)))
            return
        self._loop.ignore(connection.fileno(), WRITABLE)
        if self._tls is None:
            self._connected(connection)
            return
        try:
            self._connection = self._wrapped(connection, do_handshake=False)
        except OSError as err:
            self._failed(err)
            return
        self._shake_hands()

    def _shake_hands(self) -> None:
        import ssl

        connection = self._connection
        assert isinstance(connection, ssl.SSLSocket)
        for interest in (READABLE, WRITABLE):
            self._loop.ignore(connection.fileno(), interest)
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            self._loop.watch(connection.fileno(), READABLE, self._shake_hands)
        except ssl.SSLWantWriteError:
            self._loop.watch(connection.fileno(), WRITABLE, self._shake_hands)
        except OSError as err:
            self._failed(err)
        else:
            self._connected(connection)

    def _connected(self, connection: socket.socket) -> None:
        self._loop.forget_call(self._time_out)
        self._connection, self._is_connected, self._tries = connection, True, 0
        # What it answers is read and forgotten; above all, its end is noticed.
        self._loop.watch(connection.fileno(), READABLE, self._listen)
        self._advance()

    def _time_out(self) -> None:
        self._failed(TimeoutError("timed out"))

    def _failed(self, err: OSError) -> None:
        """Try again later, or lose what waits."""
        self._disconnect()
        if self._tries >= self._request["tries"]:
            self._drop_all(_describe(self._request, err))
            self._tries = 0
        wait_s = self._request["retry_wait_s"] * _GROWTH ** min(max(self._tries - 1, 0), 50)
        self._is_waiting = True
        self._loop.call_in(min(wait_s, _WAIT_LIMIT_S), self._retry)

    def _retry(self) -> None:
        self._is_waiting = False
        self._advance()

    def _disconnect(self) -> None:
        self._loop.forget_call(self._time_out)
        self._is_connected = False
        self._sent = 0
        if self._connection is not None:
            for interest in (READABLE, WRITABLE):
                self._loop.ignore(self._connection.fileno(), interest)
            self._connection.close()
            self._connection = None

    def _listen(self) -> None:
        assert self._connection is not None
        try:
            data = self._connection.recv(4096)
        except OSError as err:
            if not _is_would_block(err) and not self._is_datagram:
                self._reconnect()
            return
        if not data and not self._is_datagram:
            self._reconnect()

    # -- sending ----------------------------------------------------------------------------------

    def _advance(self) -> None:
        if self._queue and self._connection is None and not self._is_waiting:
            self._start_connecting()
        elif self._is_connected:
            was_behind = self.is_behind
            self._send_queue()
            if was_behind and not self.is_behind:
                self._on_room()

    def _send_queue(self) -> None:
        connection = self._connection
        assert connection is not None
        try:
            while self._queue:
                self._send_some(connection)
        except OSError as err:
            if _is_would_block(err):
                self._loop.watch(connection.fileno(), WRITABLE, self._advance)
            else:
                log.warn("log receiver is gone", driver=self._request["driver"], error=err)
                self._reconnect()
            return
        self._loop.ignore(connection.fileno(), WRITABLE)
        if self._is_closing:
            self._loop.forget_call(self._give_up)
            self._disconnect()

    def _send_some(self, connection: socket.socket) -> None:
        if self._is_datagram:
            try:
                connection.send(self._queue[0])
            except OSError as err:
                if _is_would_block(err):
                    raise
                if self._request["network"] != "udp" and err.errno != errno.EMSGSIZE:
                    raise
                # Nobody listens, or the datagram is too long: it is lost, as datagrams are.
                self._note_dropped(1)
            self._pop()
            return
        batch = bytearray()
        for packet in self._queue:
            batch += packet
            if len(batch) > _BATCH_BYTES:
                break
        self._sent += connection.send(memoryview(batch)[self._sent :])
        while self._queue and self._sent >= len(self._queue[0]):
            self._sent -= len(self._queue[0])
            self._pop()

    def _pop(self) -> None:
        self._queued_bytes -= len(self._queue.popleft())

    def _reconnect(self) -> None:
        """Connect anew, if there is something to send; not at once, lest two peers spin."""
        self._disconnect()
        if self._queue:
            self._is_waiting = True
            self._loop.call_in(_RECONNECT_PAUSE_S, self._retry)

    def _drop_all(self, why: str) -> None:
        was_behind = self.is_behind
        count = len(self._queue)
        self._queue.clear()
        self._queued_bytes = self._sent = 0
        if count:
            log.warn("log entries lost", driver=self._request["driver"], count=count, error=why)
        if self._is_closing:
            self._disconnect()
        if was_behind:
            self._on_room()

    def _note_dropped(self, count: int) -> None:
        # One line for each power of two: a container may print faster than anyone reads.
        self._dropped += count
        if self._dropped & (self._dropped - 1) == 0:
            log.warn("log entries dropped", driver=self._request["driver"], count=self._dropped)


def _is_would_block(err: OSError) -> bool:
    # ssl's are known by name, so that nobody imports it for this.
    return isinstance(err, BlockingIOError) or type(err).__name__ in (
        "SSLWantReadError",
        "SSLWantWriteError",
    )


def _describe(request: ReceiverRequest, err: OSError) -> str:
    network = "tcp" if request["network"] == "tls" else request["network"]
    address = request["addresses"][0] if request["addresses"] else ""
    if not network.startswith("unix"):
        host = f"[{address}]" if ":" in address else address
        address = f"{host}:{request['port']}"
    return f"dial {network} {address}: connect: {(err.strerror or str(err)).lower()}"


def _tls_context(given: dict[str, str]) -> "ssl.SSLContext":
    import ssl  # some megabytes: for those who ask

    from seacan.certificate_chains import check_as_go

    try:
        context = check_as_go(ssl.create_default_context(cafile=given.get("ca")))
        if given.get("cert"):
            context.load_cert_chain(given["cert"], given.get("key"))
    except OSError as err:
        raise errors.InvalidArgument(f"{_FAILED}: could not read certificates: {err}") from err
    if given.get("skip-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
