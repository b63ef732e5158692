"""How packets reach a process: rules of the host → the host's end of a pair → address → socket.

Interfaces are asked for in the network namespace of the process, which this one enters for the
moment that opening a socket takes. Source: rtnetlink(7), proc_pid_net(5), nft(8).
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any, Final

from seacan.hood.namespaces import is_shared
from seacan.kernel import procfs, syscalls
from seacan.kernel.namespaces import CLONE_NEWNET, open_namespace
from seacan.network import links
from seacan.network.netlink import Netlink
from seacan.spec.explanation import Interface, Listener, Network, Rule

_DEADLINE_S: Final = 10.0
_LISTEN: Final = "0A"  # TCP_LISTEN, net/tcp_states.h
_UNCONNECTED: Final = "07"  # TCP_CLOSE, which an unconnected socket of UDP has
_TABLES: Final = {"tcp": _LISTEN, "tcp6": _LISTEN, "udp": _UNCONNECTED, "udp6": _UNCONNECTED}


def read(pid: int, tree: Iterable[int]) -> Network:
    """Return the network of `pid`; `tree` are the processes whose sockets are looked for."""
    shared = is_shared(pid, "net")
    interfaces = [] if shared else _interfaces(pid)
    addresses = [each.partition("/")[0] for one in interfaces for each in one["Addresses"]]
    see = [f"nsenter -t {pid} -n ip addr", f"nsenter -t {pid} -n ss -lntup"]
    return {
        "IsShared": shared,
        "Interfaces": interfaces,
        "Rules": list(_rules(addresses)) if addresses else [],
        "Listeners": list(_listeners(pid, list(tree))),
        "See": ["ip addr", "ss -lntup"] if shared else [*see, "nft list ruleset"],
    }


def _interfaces(pid: int) -> list[Interface]:
    with Netlink() as host:
        ours = {link.index: link for link in links.list_links(host)}
    with Netlink(adopted=_socket_in(pid)) as netlink:
        addresses = links.list_addresses(netlink)
        found: list[Interface] = []
        for link in links.list_links(netlink):
            if link.name == "lo":
                continue
            # An index of another namespace: that of the host's, for a pair that an engine made.
            peer = ours.get(link.peer) if link.kind == "veth" else None
            bridge = ours.get(peer.master) if peer and peer.master else None
            found.append(
                {
                    "Name": link.name,
                    "Addresses": addresses.get(link.index, []),
                    "Peer": peer.name if peer else "",
                    "Bridge": bridge.name if bridge else "",
                }
            )
    return found


def _socket_in(pid: int) -> socket.socket:
    """Return a netlink socket of the namespace of `pid`; this process has one thread."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        there = open_namespace(f"/proc/{pid}/ns/net", "network")
        try:
            syscalls.setns(there, CLONE_NEWNET)
            try:
                return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
            finally:
                syscalls.setns(home, CLONE_NEWNET)
        finally:
            os.close(there)
    finally:
        os.close(home)


# --- rules ------------------------------------------------------------------------------------


def _rules(addresses: list[str]) -> Iterator[Rule]:
    """Yield what leads to one of `addresses`: nftables' maps and rules, and those of iptables."""
    yield from _nft_rules(json.loads(_output("nft", "-j", "list", "ruleset") or "{}"), addresses)
    wanted = re.compile("|".join(rf"--to-destination {re.escape(a)}[:\s]" for a in addresses))
    for line in _output("iptables-save", "-t", "nat").splitlines():
        if wanted.search(f"{line} "):
            yield {"Place": "iptables nat", "Text": line}


def _nft_rules(ruleset: dict[str, Any], addresses: list[str]) -> Iterator[Rule]:
    for item in ruleset.get("nftables", []):
        for kind, name in (("map", "name"), ("rule", "chain")):
            if (found := item.get(kind)) is None:
                continue
            place = f"{found['family']} {found['table']} {kind} {found[name]}"
            texts = _elements(found, addresses) if kind == "map" else _targets(found, addresses)
            for text in texts:
                yield {"Place": f"nft {place}", "Text": text}


def _elements(found: dict[str, Any], addresses: list[str]) -> Iterator[str]:
    for element in found.get("elem") or []:
        if isinstance(element, list) and len(element) == 2:
            key, target = _joined(element[0]), _joined(element[1])
            if target.split(" ")[0] in addresses:
                yield f"{key} : {target}"


def _targets(found: dict[str, Any], addresses: list[str]) -> Iterator[str]:
    for statement in found.get("expr") or []:
        target = statement.get("dnat") if isinstance(statement, dict) else None
        if isinstance(target, dict) and str(target.get("addr")) in addresses:
            port = target.get("port")
            yield f"dnat to {target['addr']}" + (f":{port}" if port else "")


def _joined(value: Any) -> str:
    parts = value.get("concat", [value]) if isinstance(value, dict) else [value]
    return " . ".join(str(part) for part in parts)


def _output(program: str, *arguments: str) -> str:
    """Return what a program of the host prints; nothing where there is none, or it fails."""
    if (executable := shutil.which(program)) is None:
        return ""
    done = subprocess.run(
        [executable, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


# --- sockets ----------------------------------------------------------------------------------


def _listeners(pid: int, tree: list[int]) -> Iterator[Listener]:
    """Yield the sockets of the processes `tree` that wait for packets, in the network of `pid`."""
    owners: dict[str, list[int]] = {}
    for each in tree:
        for inode in _socket_inodes(each):
            owners.setdefault(inode, []).append(each)
    for table, state in _TABLES.items():
        try:
            lines = procfs.read(f"{pid}/net/{table}").decode().splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        for row in (line.split() for line in lines):
            if row[3] == state and (pids := owners.get(row[9])):
                address, port = _decoded(row[1])
                yield {
                    "Protocol": table.removesuffix("6"),
                    "Address": address,
                    "Port": port,
                    "Pids": sorted(set(pids)),
                }


def _socket_inodes(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):  # it ends while it is looked at
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/{pid}/fd/{name}")
                if target.startswith("socket:["):
                    yield target[8:-1]


def _decoded(text: str) -> tuple[str, int]:
    """Return address and port of `0100007F:1F90`: words of 32 bits in the host's order."""
    words, _, port = text.partition(":")
    raw = bytes.fromhex(words)
    packed = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed), int(port, 16)
