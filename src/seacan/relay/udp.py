"""Datagrams to a port, carried to a target and back by a socket for each client.

An answer comes from the address that was asked. Source: ip(7), ipv6(7), packet information.
"""

import contextlib
import socket
import struct
import time
from typing import Any, Final

from seacan.supervisor.loop import READABLE, Loop

_LONGEST: Final = 65535
_DATAGRAMS: Final = 64  # at a time: the others have their turn
_CLIENTS: Final = 1024
_IDLE_S: Final = 90.0  # as in Docker's proxy
_SWEEP_S: Final = 30.0

# Source: linux/in.h, linux/in6.h.
_IP_PKTINFO: Final = 8
_IPV6_RECVPKTINFO: Final = 49
_IPV6_PKTINFO: Final = 50
_IN_PKTINFO: Final = struct.Struct("=i4s4s")  # interface, the host's address, destination
_IN6_PKTINFO: Final = struct.Struct("=16si")

_Ancillary = list[tuple[int, int, bytes]]


class UdpPort:
    """A port that is read from as soon as it leads somewhere."""

    def __init__(self, loop: Loop, bound: socket.socket) -> None:
        self._loop = loop
        self._bound = bound
        self._target: tuple[str, int] | None = None
        self._flows: dict[tuple[Any, ...], _Flow] = {}

    def lead_to(self, target: tuple[str, int] | None) -> None:
        """Carry datagrams to `target` from now on."""
        if target == self._target:
            return
        self._forget_flows()
        self._target = target
        if target is not None:
            self._bound.setblocking(False)
            if self._bound.family == socket.AF_INET6:
                self._bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
            else:
                self._bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            self._loop.watch(self._bound.fileno(), READABLE, self._receive)

    def close(self) -> None:
        self._forget_flows()
        self._loop.ignore(self._bound.fileno(), READABLE)
        self._bound.close()

    def _receive(self) -> None:
        for _ in range(_DATAGRAMS):
            try:
                data, ancillary, _, client = self._bound.recvmsg(_LONGEST, 64)
            except OSError:  # nothing more, or word of an answer that did not arrive
                return
            if self._target is None:
                continue
            # Who could not be reached, or is no more, is what UDP does not tell.
            with contextlib.suppress(OSError):
                self._flow(client, _to_answer(ancillary)).send(data)

    def _flow(self, client: tuple[Any, ...], ancillary: _Ancillary) -> "_Flow":
        key = (client, *(data for _, _, data in ancillary))
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) >= _CLIENTS:
                self._forget(min(self._flows, key=lambda key: self._flows[key].used_at_s))
            if not self._flows:
                self._loop.call_in(_SWEEP_S, self._sweep)
            assert self._target is not None
            flow = self._flows[key] = _Flow(
                self._loop, self._bound, client, ancillary, self._target
            )
        return flow

    def _sweep(self) -> None:
        oldest_s = time.monotonic() - _IDLE_S
        for key in [key for key, flow in self._flows.items() if flow.used_at_s < oldest_s]:
            self._forget(key)
        if self._flows:
            self._loop.call_in(_SWEEP_S, self._sweep)

    def _forget(self, key: tuple[Any, ...]) -> None:
        self._flows.pop(key).close()

    def _forget_flows(self) -> None:
        self._loop.forget_call(self._sweep)
        for key in [*self._flows]:
            self._forget(key)


class _Flow:
    """One client, and the socket by which the target knows it."""

    def __init__(
        self,
        loop: Loop,
        bound: socket.socket,
        client: tuple[Any, ...],
        ancillary: _Ancillary,
        target: tuple[str, int],
    ) -> None:
        self._loop = loop
        self._bound, self._client, self._ancillary = bound, client, ancillary
        self.used_at_s = time.monotonic()
        family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(target)
        loop.watch(self._socket.fileno(), READABLE, self._receive)

    def send(self, data: bytes) -> None:
        self.used_at_s = time.monotonic()
        self._socket.send(data)

    def _receive(self) -> None:
        for _ in range(_DATAGRAMS):
            try:
                data = self._socket.recv(_LONGEST)
            except OSError:  # nothing more, or the target does not listen
                return
            self.used_at_s = time.monotonic()
            with contextlib.suppress(OSError):
                self._bound.sendmsg([data], self._ancillary, 0, self._client)

    def close(self) -> None:
        self._loop.ignore(self._socket.fileno(), READABLE)
        self._socket.close()


def _to_answer(ancillary: _Ancillary) -> _Ancillary:
    """Return what has an answer sent from the address that a datagram came to."""
    answer: _Ancillary = []
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            _, own, _ = _IN_PKTINFO.unpack(data)
            answer.append((level, kind, _IN_PKTINFO.pack(0, own, bytes(4))))
        elif (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO):
            own, interface = _IN6_PKTINFO.unpack(data)
            is_local = own[0] == 0xFE and own[1] & 0xC0 == 0x80  # of one link only
            answer.append((level, kind, _IN6_PKTINFO.pack(own, interface if is_local else 0)))
    return answer
