"""A server of names, over UDP and TCP, in threads; and what can be wrong with one."""

import contextlib
import ipaddress
import socket
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from tests.ports import free_port


@dataclass
class NameServer:
    """`queries` are what it was asked: udp or tcp, and the name, without the dot at its end.

    `clients` are the addresses of those who asked.
    """

    address: str
    port: int
    names: Mapping[str, str] = field(default_factory=dict)  # to IPv4 addresses; others: NXDOMAIN
    rcode: dns.rcode.Rcode | None = None  # instead of any answer
    is_dead: bool = False  # it takes queries and says nothing
    is_forged: bool = False  # over UDP, somebody who guesses answers before it
    truncates: bool = False  # over UDP
    delay_s: float = 0
    queries: list[tuple[str, str]] = field(default_factory=list)
    clients: set[str] = field(default_factory=set)

    def answer(self, wire: bytes, transport: str, client: str) -> list[bytes]:
        """Return the packets to send for a query."""
        self.clients.add(client)
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = str(question.name).rstrip(".")
        self.queries.append((transport, name))
        if self.is_dead:
            return []
        time.sleep(self.delay_s)
        reply = dns.message.make_response(query, recursion_available=True)
        if self.rcode is not None:
            reply.set_rcode(self.rcode)
        elif self.truncates and transport == "udp":
            reply.flags |= dns.flags.TC
        elif name not in self.names:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        else:
            reply.answer.append(dns.rrset.from_text(question.name, 5, "IN", "A", self.names[name]))
        return [*self._forged(reply), reply.to_wire()]

    def _forged(self, reply: dns.message.Message) -> list[bytes]:
        if not self.is_forged:
            return []
        forged = dns.message.from_wire(reply.to_wire())
        forged.answer = [dns.rrset.from_text(reply.question[0].name, 5, "IN", "A", "6.6.6.6")]
        right_id = forged.to_wire()
        other_question = right_id.replace(b"\7example", b"\7exbmple")
        wrong_id = ((reply.id + 1) % 0x10000).to_bytes(2) + right_id[2:]
        return [wrong_id, other_question, b"", b"noise"]


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    fake: NameServer


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    fake: NameServer


class _Tcp6(_Tcp):
    address_family = socket.AF_INET6


class _Udp6(_Udp):
    address_family = socket.AF_INET6


class _Datagram(socketserver.BaseRequestHandler):
    server: _Udp

    def handle(self) -> None:
        data, connection = self.request
        for packet in self.server.fake.answer(data, "udp", self.client_address[0]):
            connection.sendto(packet, self.client_address)


class _Connection(socketserver.StreamRequestHandler):
    server: _Tcp

    def handle(self) -> None:
        while length := int.from_bytes(self.rfile.read(2)):
            for packet in self.server.fake.answer(
                self.rfile.read(length), "tcp", self.client_address[0]
            ):
                self.wfile.write(len(packet).to_bytes(2) + packet)


@contextlib.contextmanager
def serving_names(address: str = "127.0.0.1", port: int = 0, **names: str) -> Iterator[NameServer]:
    """Give a server at `address`, of a free port unless one is given; names have _ for their dots.

    What is to be wrong with it is set in what is given.
    """
    port = port or free_port()
    is_v6 = ipaddress.ip_address(address).version == 6
    with (
        (_Tcp6 if is_v6 else _Tcp)((address, port), _Connection) as tcp,
        (_Udp6 if is_v6 else _Udp)((address, port), _Datagram) as udp,
    ):
        known = {name.replace("_", "."): found for name, found in names.items()}
        udp.fake = tcp.fake = NameServer(address, port, known)
        for server in (udp, tcp):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield udp.fake
        finally:
            udp.shutdown()
            tcp.shutdown()
