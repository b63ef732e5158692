"""The ports that a relay has: given, led elsewhere, let go."""

import os
import socket
from collections.abc import Sequence
from typing import Protocol

from seacan.relay.tcp import TcpPort
from seacan.relay.udp import UdpPort
from seacan.relay.words import Place
from seacan.supervisor.loop import Loop

_Key = tuple[str, str, int]


class _Port(Protocol):
    def lead_to(self, target: tuple[str, int] | None) -> None: ...

    def close(self) -> None: ...


class _HeldPort:
    """A port of a protocol that is not relayed: it is held, and no more."""

    def __init__(self, bound: socket.socket) -> None:
        self._bound = bound

    def lead_to(self, target: tuple[str, int] | None) -> None:
        if target is not None:
            raise ValueError("only tcp and udp are relayed")

    def close(self) -> None:
        self._bound.close()


class Ports:
    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._ports: dict[_Key, _Port] = {}
        self._places: dict[_Key, Place] = {}

    def give(self, places: Sequence[Place], descriptors: Sequence[int]) -> None:
        """Have places, of which the sockets are `descriptors`, taken over. Raises OSError."""
        for place, fd in zip(places, descriptors, strict=True):
            bound = socket.socket(fileno=os.dup(fd))
            key = _key(place)
            self._let_go(key)
            self._ports[key], self._places[key] = self._open(place["protocol"], bound), place
            self._ports[key].lead_to(_target(place))

    def _open(self, protocol: str, bound: socket.socket) -> _Port:
        match protocol:
            case "tcp":
                return TcpPort(self._loop, bound)
            case "udp":
                return UdpPort(self._loop, bound)
            case _:
                return _HeldPort(bound)

    def keep(self, places: Sequence[Place]) -> None:
        """Lead those of `places` that are here to where they say, and let go of all others."""
        wanted = {_key(place): place for place in places}
        for key in [*self._ports]:
            if key in wanted:
                self._places[key] = wanted[key]
                self._ports[key].lead_to(_target(wanted[key]))
            else:
                self._let_go(key)

    def places(self) -> list[Place]:
        return [*self._places.values()]

    def _let_go(self, key: _Key) -> None:
        if (port := self._ports.pop(key, None)) is not None:
            del self._places[key]
            port.close()


def _key(place: Place) -> _Key:
    return place["protocol"], place["address"], place["port"]


def _target(place: Place) -> tuple[str, int] | None:
    return (place["target"], place["target_port"]) if place["target"] else None
