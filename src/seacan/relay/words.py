"""The words between the daemon and a relay: JSON packets, as supervisor/protocol.py sends them.

    daemon ──begin──▸ relay    the bundle, in which it listens; with it a pidfd of the shim, with
                               which it ends
    daemon ──give──▸ relay     places, and their sockets, in the same order
    daemon ──keep──▸ relay     all places that it is to have, with what they lead to now; it lets
                               go of others
    daemon ──list──▸ relay     places: what it has

Each is answered. `begin` comes over the channel of the fork, which is open from then on for the
daemon to see its end; all others over connections to BUNDLE/relay.sock.
"""

from typing import TypedDict


class Place(TypedDict):
    """A port of the host, and what its socket leads to; see the kernel's rules for the rest."""

    protocol: str  # tcp, udp, sctp
    address: str
    port: int
    target: str  # an address; empty: nothing comes to the socket, it only holds the port
    target_port: int
