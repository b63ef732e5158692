"""An explanation as text: a section for each thing that holds the process, as wide as told.

Each section ends with the commands that show the same, after an arrow.
"""

from __future__ import annotations

import re
import textwrap

from seacan.cli.output.table import ellipsis
from seacan.cli.output.units import binary_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from seacan.spec.explanation import (
        Capabilities,
        Cgroups,
        Explanation,
        FileSystem,
        Limit,
        Mount,
        Namespaces,
        Network,
        Process,
        Processes,
        Seccomp,
    )

_LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_INDENT = "  "
_QUIET = ("relatime", "rw")  # options of a mount that nobody looks for


def text(found: Explanation, width: int) -> str:
    """Return lines of at most `width` columns, but for commands to copy, which stay whole."""
    inner = width - len(_INDENT)
    sections = (
        ("PROCESSES", _processes(found["Processes"], inner), found["Processes"]),
        ("NAMESPACES", _namespaces(found["Namespaces"]), found["Namespaces"]),
        ("CGROUPS", _cgroups(found["Cgroups"], inner), found["Cgroups"]),
        ("CAPABILITIES", _capabilities(found["Capabilities"], inner), found["Capabilities"]),
        ("SECCOMP", _seccomp(found["Seccomp"], inner), found["Seccomp"]),
        ("FILES", _files(found["FileSystem"], inner), found["FileSystem"]),
        ("NETWORK", _network(found["Network"], inner), found["Network"]),
    )
    lines = list(_title(found, width))
    for heading, body, section in sections:
        lines += ["", heading]
        lines += [_INDENT + line for line in (*body, *(f"→ {each}" for each in section["See"]))]
    return "".join(f"{line}\n" for line in lines)


def _title(found: Explanation, width: int) -> Iterator[str]:
    container = found["Container"]
    if container:
        yield ellipsis(f"{container['Name']}, container {container['Id'][:12]}", width)
        yield ellipsis(f"of {container['Image']}, first process {found['Pid']}", width)
    else:
        yield f"process {found['Pid']}, in no container that a daemon here knows"


# --- processes --------------------------------------------------------------------------------


def _processes(processes: Processes, width: int) -> Iterator[str]:
    depth = 0
    for ancestor in processes["Ancestors"]:
        yield ellipsis(f"{'  ' * depth}{ancestor['Pid']} {ancestor['Name']}", width)
        depth += 1
    # Not by recursion: a chain of processes may be longer than Python's stack.
    waiting = [(depth, processes["Tree"])]
    while waiting:
        depth, process = waiting.pop()
        yield ellipsis(f"{'  ' * depth}{_process(process)}", width)
        waiting += [(depth + 1, child) for child in reversed(process["Children"])]
    if processes["Omitted"]:
        yield f"… and {processes['Omitted']} more"


def _process(process: Process) -> str:
    inside = process["NamespacePids"][1:]
    number = f" (inside: {inside[-1]})" if inside else ""
    user = f" user {process['User']}" if process["User"] else ""
    words = " ".join(process["Command"]) or f"[{process['Name']}]"
    return f"{process['Pid']}{number}{user} {_printable(words)}"


def _printable(words: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in words)


# --- namespaces and cgroups -------------------------------------------------------------------


def _namespaces(namespaces: Namespaces) -> Iterator[str]:
    for each in namespaces["List"]:
        if each["IsShared"]:
            yield f"{each['Kind']:<8} {each['Inode']}  the host's"
        else:
            yield f"{each['Kind']:<8} {each['Inode']}  its own; the host's is {each['HostInode']}"


def _cgroups(cgroups: Cgroups, width: int) -> Iterator[str]:
    # Of version 1 there are ten, mostly at one path.
    by_path: dict[str, list[str]] = {}
    for each in cgroups["List"]:
        names = each["Controllers"] or ["version 2"]
        by_path.setdefault(each["Path"], []).extend(names)
    for path, names in by_path.items():
        yield path
        yield from _wrapped(", ".join(names), width, "    ", "    ")
    for limit in cgroups["Limits"]:
        yield _limit(limit)


def _limit(limit: Limit) -> str:
    most, used, name = limit["Limit"], limit["Used"], limit["Resource"]
    if name == "memory":
        bound = f"at most {binary_size(most)}" if most is not None else "no limit"
        return f"{name:<8} {bound}, in use {binary_size(used)}"
    if name == "cpu":
        bound = f"at most {most:g} CPUs" if most is not None else "no limit"
        return f"{name:<8} {bound}, used {used:.2f} s"
    bound = f"at most {most:g}" if most is not None else "no limit"
    return f"{name:<8} {bound}, in use {used:g}"


# --- privileges -------------------------------------------------------------------------------


def _capabilities(capabilities: Capabilities, width: int) -> Iterator[str]:
    # Of the five sets most are alike.
    lists: dict[tuple[str, ...], list[str]] = {}
    for name, held in (
        ("effective", capabilities["Effective"]),
        ("permitted", capabilities["Permitted"]),
        ("inheritable", capabilities["Inheritable"]),
        ("bounding", capabilities["Bounding"]),
        ("ambient", capabilities["Ambient"]),
    ):
        lists.setdefault(tuple(held), []).append(name)
    for capability_names, sets in lists.items():
        names = " ".join(name.removeprefix("CAP_").lower() for name in capability_names)
        yield f"{', '.join(sets)}: {len(capability_names) or 'none'}"
        yield from _wrapped(names, width, "    ", "    ")
    gains = "gains none by execve" if capabilities["NoNewPrivileges"] else "may gain by execve"
    yield f"{gains} (no_new_privs)"


def _seccomp(seccomp: Seccomp, width: int) -> Iterator[str]:
    if seccomp["Mode"] != "filter":
        yield f"{seccomp['Mode']}: {'every call' if seccomp['Mode'] == 'off' else 'read, write'}"
        return
    blocked, conditional = seccomp["Blocked"], seccomp["Conditional"]
    yield f"filter ({seccomp['Filters'] or 1})"
    if blocked is None or conditional is None:
        yield "what it refuses is not known: the kernel does not show it"
        return
    yield f"refused: {len(blocked)} calls"
    yield from _wrapped(" ".join(blocked), width, "    ", "    ")
    yield f"by their arguments: {' '.join(conditional) or 'none'}"


# --- files ------------------------------------------------------------------------------------


def _files(files: FileSystem, width: int) -> Iterator[str]:
    yield f"root     {files['RootType'] or 'unknown'}"
    if files["Writable"]:
        yield f"changes  {files['Writable']}"
    for number, layer in enumerate(files["Layers"]):
        yield f"{'layers' if number == 0 else '':<8} {layer['Directory']}"
        if layer["DiffId"]:
            yield f"         {ellipsis(layer['DiffId'], width - 9)}"
    if files["IsShared"]:
        yield "mounts   the host's"
    for number, mount in enumerate(files["Mounts"]):
        yield from _mount(f"{'mounts' if number == 0 else '':<8} ", mount, width)


def _mount(start: str, mount: Mount, width: int) -> Iterator[str]:
    options = [option for option in mount["Options"] if option not in _QUIET]
    source = "" if mount["Source"] == mount["Type"] else f" from {mount['Source']}"
    source = _LONG_ID.sub(r"\1…", source)
    words = f"{mount['Target']} {mount['Type']}{source} {','.join(options)}".rstrip()
    yield from _wrapped(words, width, start, " " * (len(start) + 4))


# --- network ----------------------------------------------------------------------------------


def _network(network: Network, width: int) -> Iterator[str]:
    if network["IsShared"]:
        yield "the host's"
    elif not network["Interfaces"]:
        yield "its own, with loopback alone"
    for rule in network["Rules"]:
        yield from _wrapped(f"{rule['Place']}: {rule['Text']}", width, "rule     ", " " * 13)
    for interface in network["Interfaces"]:
        hops = [interface["Bridge"], interface["Peer"], interface["Name"], *interface["Addresses"]]
        yield from _wrapped(" → ".join(filter(None, hops)), width, "path     ", " " * 13)
    for listener in network["Listeners"]:
        pids = ", ".join(map(str, listener["Pids"]))
        where = f"{listener['Protocol']} {_host_port(listener['Address'], listener['Port'])}"
        yield f"socket   {where} → process {pids}"


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _wrapped(words: str, width: int, first: str, later: str) -> Iterable[str]:
    lines: Sequence[str] = textwrap.wrap(
        words,
        width,
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    )
    return lines
