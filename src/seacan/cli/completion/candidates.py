"""What the words of a command line may be: names of what the daemon has, and words of flags.

What an argument is, the usage line of its command says (`NETWORK CONTAINER`), so that a new command
needs no line here.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seacan.cli.command import Command
    from seacan.cli.session import Session

    # Words, each with what is said of it, or nothing.
    Candidates = Iterable[tuple[str, str]]

FILES = "files"
DIRECTORIES = "directories"

_STATES = {
    **dict.fromkeys(("attach", "exec", "kill", "pause", "port", "stop", "top"), ("running",)),
    "start": ("created", "exited"),
    "unpause": ("paused",),
}
# Their first argument is a name that there is not yet.
_NEW = ("context create", "context import", "network create", "volume create", "volume import")


def arguments(command: Command, given: list[str]) -> str:
    """Return what the next argument of `command` is: FILES, or a word of its usage line.

    That is in capitals for the name of something, `a|b` for one of these words, "" for neither.
    """
    words = [word.strip("[]") for word in command.arguments.split() if word != "[OPTIONS]"]
    if not words or (not given and command.names[0] in _NEW):
        return ""
    at = len(given)
    if at >= len(words):
        if not words[-1].endswith("..."):
            return ""
        at = -1
    if words[at].startswith("file") or "FILE" in words[at]:
        return FILES
    if command.names[0] == "push":
        return "IMAGE"
    if words[at].islower() and "|" in words[at]:
        return words[at]
    return re.split(r"[^A-Z_]", words[at].removesuffix("..."), maxsplit=1)[0]


def named(session: Session, kind: str, command: Command | None = None) -> Candidates:
    """Return the names of what `arguments` returns. Raises SeacanError if the daemon is away."""
    states = _STATES.get(command.names[0], ()) if command else ()
    finders: dict[str, Callable[[Session], Candidates]] = {
        "CONTAINER": lambda session: _containers(session, states),
        "IMAGE": _images,
        "SOURCE_IMAGE": _images,
        "REPOSITORY": _images,
        "NETWORK": _networks,
        "VOLUME": _volumes,
        "CONTEXT": _contexts,
    }
    if command and command.names[0] == "inspect":
        return [
            each for find in (_containers, _images, _networks, _volumes) for each in find(session)
        ]
    if kind.islower():
        return [(word, "") for word in kind.split("|")]
    find = finders.get(kind)
    return find(session) if find else []


def _containers(session: Session, states: tuple[str, ...] = ()) -> Candidates:
    filters = {"status": list(states)} if states else {}
    for container in session.client.containers.list(all_states=True, filters=filters):
        names = container["Names"] or [container["Id"][:12]]
        yield names[0].removeprefix("/"), f"{container['Image']}, {container['Status']}"


def _images(session: Session) -> Candidates:
    for image in session.client.images.list():
        for tag in image["RepoTags"] or []:
            if tag != "<none>:<none>":
                yield tag, ""


def _networks(session: Session) -> Candidates:
    return [(network["Name"], network["Driver"]) for network in session.client.networks.list({})]


def _volumes(session: Session) -> Candidates:
    return [(volume["Name"], volume["Driver"]) for volume in session.client.volumes.list()]


def _contexts(session: Session) -> Candidates:
    for metadata in [*session.choice.contexts.list(), session.metadata("default")]:
        description = (metadata.get("Metadata") or {}).get("Description", "")
        yield str(metadata.get("Name", "")), description


def _environment(session: Session) -> Candidates:
    return [(name, "") for name in sorted(os.environ)]


def _signals(session: Session) -> Candidates:
    import signal

    return [(number.name.removeprefix("SIG"), "") for number in signal.Signals]


def _words(text: str) -> Callable[[Session], Candidates]:
    return lambda session: [(word, "") for word in text.split()]


# By the name of a flag, whose command does not matter.
FLAG_VALUES: dict[str, Callable[[Session], Candidates] | str] = {
    "cap-add": _words("ALL AUDIT_CONTROL AUDIT_READ BLOCK_SUSPEND BPF CHECKPOINT_RESTORE "
        "DAC_READ_SEARCH IPC_LOCK IPC_OWNER LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE NET_ADMIN "
        "NET_BROADCAST PERFMON SYS_ADMIN SYS_BOOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE "
        "SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM"),
    "cap-drop": _words("ALL AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD "
        "NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT"),
    "cgroupns": _words("host private"),
    "config": DIRECTORIES,
    "context": _contexts,
    "data-root": DIRECTORIES,
    "directory": DIRECTORIES,
    "env": _environment,
    "from": _contexts,
    "ipc": _words("host none private shareable container:"),
    "link": _containers,
    "log-driver": _words("fluentd gelf journald json-file local none syslog"),
    "log-level": _words("debug info warn error fatal"),
    "network": _networks,
    "platform": _words("linux/386 linux/amd64 linux/arm/v7 linux/arm64 linux/ppc64le linux/riscv64 "
        "linux/s390x"),
    "pull": _words("always missing never"),
    "restart": _words("always no on-failure unless-stopped"),
    "root": DIRECTORIES,
    "signal": _signals,
    "stop-signal": _signals,
    "type": _words("container image network volume"),
    "userns": _words("host"),
    "uts": _words("host"),
    "volumes-from": _containers,
}  # fmt: skip
