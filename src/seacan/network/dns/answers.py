"""What a container is answered about others: those that are in a network with it.

Names are found in its networks one after the other, the one with the default route first; the first
that has somebody of that name is the one that counts. A name that is known is never looked for
elsewhere, whatever is asked about it. Source: dockerd 28, by trying.
"""

import ipaddress
import random
from collections.abc import Sequence
from typing import Final

import msgspec

from seacan.network.dns.messages import AAAA, PTR, A, Question, Record, name_data
from seacan.network.members import Member, Members

_REVERSE_V4: Final = ".in-addr.arpa"
_REVERSE_V6: Final = ".ip6.arpa"
_LABEL_LIMIT: Final = 63
_NAME_LIMIT: Final = 253


class Asker(msgspec.Struct, frozen=True):
    """A container, and the networks that it is in: ids and names, in the order of looking."""

    container_id: str
    networks: Sequence[tuple[str, str]]


def answer(members: Members, asker: Asker, question: Question) -> Sequence[Record] | None:
    """Return the records for a question; None if the name is not one of ours to answer."""
    if address := _reversed_address(question.name):
        names = _names_of(members, asker, address)
        if not names:
            return None
        return [Record(PTR, name_data(n)) for n in names] if question.type == PTR else []
    found = _find(members, asker, question.name)
    if not found:
        return None
    texts = [_address(member, question.type) for member in found]
    records = [Record(question.type, ipaddress.ip_address(t).packed) for t in texts if t]
    random.shuffle(records)  # so that each gets its share
    return records


def _address(member: Member, kind: int) -> str:
    return member.ipv4 if kind == A else member.ipv6 if kind == AAAA else ""


def _find(members: Members, asker: Asker, name: str) -> Sequence[Member]:
    for network_id, _ in asker.networks:
        if linked := members.linked(network_id, asker.container_id, name):
            return [linked]
    for network_id, _ in asker.networks:
        if named := members.named(network_id, name):
            return named
    for network_id, network in asker.networks:
        suffix = f".{network.lower()}"
        named = members.named(network_id, name.removesuffix(suffix))
        if named and name.endswith(suffix):
            return named
    return []


def _names_of(members: Members, asker: Asker, address: str) -> list[str]:
    for network_id, network in asker.networks:
        if member := members.at(network_id, address):
            name = f"{member.names[0]}.{network}"
            return [name if _is_sayable(name) else member.container_id[:12]]
    return []


def _is_sayable(name: str) -> bool:
    labels = [len(label.encode()) for label in name.split(".")]
    return min(labels) > 0 and max(labels) <= _LABEL_LIMIT and len(name.encode()) <= _NAME_LIMIT


def _reversed_address(name: str) -> str:
    """Return the address that is asked for backwards; empty for any other name."""
    if name.endswith(_REVERSE_V4):
        text = ".".join(reversed(name.removesuffix(_REVERSE_V4).split(".")))
    elif name.endswith(_REVERSE_V6):
        digits = "".join(reversed(name.removesuffix(_REVERSE_V6).split(".")))
        text = ":".join(digits[n : n + 4] for n in range(0, len(digits), 4))
    else:
        return ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
