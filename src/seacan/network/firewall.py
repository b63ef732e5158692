"""The rules of all networks of one daemon: a table of its own in nftables.

The table is written whole, in one transaction, when networks come or go: what it says does not
depend on what was there before, and no packet meets half of it. Published ports are elements of
maps in it, added and deleted by themselves (elements.py); if that fails, as after somebody flushed
the rules, it is written whole again. Nothing of others is touched; what another firewall drops
stays dropped.

    raw          from outside nobody sends to a container's address, nor from a container to 127/8
    prerouting   a packet to a published port of the host goes to the container instead
    output       the same, of what the host itself sends
    forward      an internal network has no outside; one without masquerade gets answers only, and
                 a routed one what is for ports that are published
    postrouting  what leaves a network has the host's address, and so has what comes back to it

From interfaces that a network trusts, what is for its published ports comes past raw to forward.

Source: nft(8).
"""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import field

from seacan import log
from seacan.errors import Internal, Unavailable
from seacan.network.elements import Forwarding, change, changes, declarations, elements

_DEADLINE_S: Final = 30.0
_MISSING: Final = "nft is not installed (package nftables)"


class Segment(msgspec.Struct, frozen=True):
    """A network behind one interface of the host; `subnets` such as 172.17.0.0/16.

    Of these, `routed` ones are not hidden behind the host's address, and reached at the ports that
    are open; `unprotected` ones are reached at all ports from outside, not from other networks. All
    are reached at open ports from the interfaces that are `trusted`. What leaves a subnet has the
    address that `sources` names for it, or one that the kernel chooses.
    """

    interface: str
    subnets: Sequence[str]
    internal: bool = False
    masquerades: bool = True
    routed: Sequence[str] = ()
    unprotected: Sequence[str] = ()
    trusted: Sequence[str] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    def is_filtered(self, subnet: str) -> bool:
        """Whether what is for its addresses is filtered where it is forwarded.

        It comes from outside: answers to what left as its own, or what was routed there.
        """
        is_seen = not (self.masquerades or subnet in self.unprotected)
        return not self.internal and (is_seen or subnet in self.routed)

    def opens_to_trusted(self, subnet: str) -> bool:
        """Whether published ports of its addresses are open to trusted interfaces."""
        return bool(self.trusted) and not (self.internal or subnet in self.unprotected)


class Rules(msgspec.Struct):
    """All that the table is made of, by whom it is for."""

    segments: dict[str, Segment] = field(default_factory=dict)
    forwardings: dict[str, Sequence[Forwarding]] = field(default_factory=dict)


class Firewall:
    """One daemon's table; its methods may be called from any thread."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._rules = Rules()
        self._lock = threading.Lock()

    def change(
        self,
        *,
        segments: Mapping[str, Segment | None] = {},
        forwardings: Mapping[str, Sequence[Forwarding] | None] = {},
    ) -> None:
        """Set or, with None, remove what belongs to those keys, and write the table.

        If that fails, all is as it was. Raises Unavailable if there is no nft, Internal.
        """
        with self._lock:
            wanted = Rules(
                _changed(self._rules.segments, segments),
                _changed(self._rules.forwardings, forwardings),
            )
            self._apply(wanted)
            self._rules = wanted

    def _apply(self, wanted: Rules) -> None:
        if wanted.segments == self._rules.segments:
            gone, new = changes(self._rules.forwardings, wanted.forwardings)
            if not gone and not new:
                return
            try:
                change(self._table, gone, new)
            except OSError as err:
                log.info("rules are written anew", table=self._table, error=err)
            else:
                return
        _run(render(self._table, wanted))

    def remove(self) -> None:
        """Remove the table."""
        with self._lock:
            self._rules = Rules()
            _run(render(self._table, self._rules))


T = TypeVar("T")


def _changed(items: Mapping[str, T], changes: Mapping[str, T | None]) -> dict[str, T]:
    merged = {**items, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def is_available() -> bool:
    return shutil.which("nft") is not None


def _run(script: str) -> None:
    executable = shutil.which("nft")
    if executable is None:
        raise Unavailable(_MISSING)
    done = subprocess.run(
        [executable, "-f", "-"],
        input=script.encode(),
        capture_output=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise Internal(f"nft: {lines[0]}")


def forwarding_is_dropped_by() -> list[str]:
    """Return the chains of others that drop forwarded packets unless a rule lets them pass."""
    executable = shutil.which("nft")
    if executable is None:
        return []
    command = [executable, "-j", "list", "chains"]
    done = subprocess.run(command, capture_output=True, timeout=_DEADLINE_S, check=False)
    if done.returncode != 0:
        return []
    chains = [item["chain"] for item in json.loads(done.stdout)["nftables"] if "chain" in item]
    return [
        f"{chain['family']} {chain['table']} {chain['name']}"
        for chain in chains
        if chain.get("hook") == "forward" and chain.get("policy") == "drop"
    ]


# --- as text ----------------------------------------------------------------------------------


def render(table: str, rules: Rules) -> str:
    """Return what nft(8) makes the table of; without a segment it is removed."""
    # Declared first, a table that is not there can be deleted as well.
    lines = [f"table inet {table}", f"delete table inet {table}"]
    if not rules.segments:
        return "\n".join([*lines, ""])
    segments = list(rules.segments.values())
    lines += [f"table inet {table} {{"]
    lines += declarations(elements(rules.forwardings))
    for name, hook, body in (
        ("raw", "filter hook prerouting priority raw", _raw(segments)),
        ("prerouting", "nat hook prerouting priority dstnat", _PREROUTING),
        ("output", "nat hook output priority -100", _OUTPUT),
        ("published", "", _PUBLISHED),
        ("forward", "filter hook forward priority filter", _forward(segments)),
        ("postrouting", "nat hook postrouting priority srcnat", _postrouting(segments)),
    ):
        lines += _chain(name, hook, body)
    return "\n".join([*lines, "}", ""])


# What comes from outside for 127.0.0.1 is never for a port that is published there.
_PREROUTING: Final = (
    "ip daddr 127.0.0.0/8 return",
    "ip6 daddr ::1 return",
    "fib daddr type local jump published",
)
# The kernel does not send from ::1 into a network.
_OUTPUT: Final = ("ip6 daddr ::1 return", "fib daddr type local jump published")


def _chain(name: str, hook: str, body: Iterable[str]) -> list[str]:
    head = [f"    type {hook}; policy accept;"] if hook else []
    return [f"  chain {name} {{", *head, *(f"    {line}" for line in body), "  }"]


_PORT: Final = "meta l4proto . th dport"
_PUBLISHED: Final = (
    f"dnat ip to ip daddr . {_PORT} map @at4",
    f"dnat ip to {_PORT} map @anywhere4",
    f"dnat ip6 to ip6 daddr . {_PORT} map @at6",
    f"dnat ip6 to {_PORT} map @anywhere6",
)


def _raw(segments: Sequence[Segment]) -> Iterable[str]:
    for segment in segments:
        # The interface takes packets of 127/8 for the sake of the host's own: route_localnet.
        yield f'iifname "{segment.interface}" ip daddr 127.0.0.0/8 drop'
        outside = f"iifname != {_either('lo', segment.interface, *segment.trusted)}"
        others = [each.interface for each in segments if each is not segment]
        for subnet in segment.subnets:
            # Other networks of ours as well as other machines. The gateway's address is the host's.
            drop = f"{_family(subnet)} daddr {subnet} fib daddr type != local drop"
            if subnet in segment.unprotected:
                yield from [f"iifname {_either(*others)} {drop}"] if others else []
            elif not segment.is_filtered(subnet):
                yield f"{outside} {drop}"


def _forward(segments: Sequence[Segment]) -> Iterable[str]:
    # What is internal comes first: what is accepted into another network might be from there.
    for segment in sorted(segments, key=lambda each: not each.internal):
        name = segment.interface
        if segment.internal:
            yield f'iifname "{name}" oifname != "{name}" drop'
            yield f'oifname "{name}" iifname != "{name}" drop'
        for subnet in segment.subnets:
            if segment.is_filtered(subnet):
                yield from _filtered(segment, subnet, f'!= "{name}"')
            elif segment.opens_to_trusted(subnet):
                yield from _filtered(segment, subnet, _either(*segment.trusted))


def _filtered(segment: Segment, subnet: str, source: str) -> Iterable[str]:
    """Yield what happens to packets for a subnet from the interfaces `source`."""
    version = 6 if ":" in subnet else 4
    inwards = f'oifname "{segment.interface}" iifname {source} meta nfproto ipv{version}'
    opened = f"{_family(subnet)} daddr . {_PORT} @open{version} accept"
    yield f"{inwards} ct state established,related accept"
    yield f"{inwards} ct status dnat accept"
    if subnet in segment.routed:
        yield f"{inwards} meta l4proto {{ icmp, ipv6-icmp }} accept"
        yield f"{inwards} {opened}"
    elif segment.opens_to_trusted(subnet):
        yield f"{inwards} iifname {_either(*segment.trusted)} {opened}"
    yield f"{inwards} drop"


def _either(*interfaces: str) -> str:
    names = ", ".join(f'"{name}"' for name in interfaces)
    return f"{{ {names} }}"


def _postrouting(segments: Sequence[Segment]) -> Iterable[str]:
    for segment in segments:
        name = segment.interface
        # The host's own, from 127.0.0.1: the container must answer to what it can reach.
        yield f'oifname "{name}" ip saddr 127.0.0.0/8 masquerade'
        for subnet in segment.subnets:
            source = f"{_family(subnet)} saddr {subnet}"
            # By way of the host to one of the same network, or to itself: the answer comes back so.
            yield f'{source} oifname "{name}" ct status dnat masquerade'
            if segment.masquerades and subnet not in segment.routed:
                address = segment.sources.get(subnet)
                leave = f"snat {_family(subnet)} to {address}" if address else "masquerade"
                yield f'{source} oifname != "{name}" {leave}'


def _family(subnet: str) -> str:
    return "ip6" if ":" in subnet else "ip"
