"""The words between the daemon and a worker: JSON packets, as supervisor/protocol.py sends them.

    worker ──started─▸ daemon      with a pidfd of its own, by which it can be ended
    daemon ──work──▸ worker        one packet; with it the descriptors that the work needs
    worker ──stat──▸ daemon        of `read` and `stat` alone: what the path is, or an error
    worker ──ready──▸ daemon       of `write` alone: the archive may come, or an error
    worker ──done──▸ daemon        or an error; then the worker ends

Descriptors, in this order: the container's mount and user namespaces, if it runs; then the stream
that is written to (`read`, `changes`, `layer`, `export`, `tree`) or read from (`write`).
"""

from typing import Literal, NotRequired, TypedDict

from seacan.spec.runtime import IDMapping
from seacan.supervisor.protocol import RootfsRequest


class Bind(TypedDict):
    """A directory or file of the host that a container has mounted, or would have."""

    source: str
    destination: str
    is_writable: bool
    is_recursive: bool
    uids: list[IDMapping]  # other ids for those on disk, if there are any
    gids: list[IDMapping]
    subpath: str  # what of the source is meant, if not all of it; no link leads out of that


class Root(TypedDict):
    """A container's root. If it runs, namespaces go along and `binds` are not looked at."""

    is_running: bool
    layers: RootfsRequest
    binds: list[Bind]
    is_read_only: bool
    scratch: str  # a directory to mount on, in the worker's own mount namespace


class Work(TypedDict):
    verb: Literal["stat", "read", "write", "export", "changes", "layer", "tree"]
    root: NotRequired[Root]  # of all but `tree`
    container: str  # as it was asked for; the volume of a `tree`
    path: NotRequired[str]  # in the container; of a `tree` on the host
    owner: NotRequired[tuple[int, int] | None]  # of all that is written; None: as the archive says
    keeps_kinds: NotRequired[bool]  # a directory never gives way to a file, nor a file to one


class PathStat(TypedDict):
    """ContainerPathStat of the Engine API, its mode and times still the kernel's."""

    name: str
    size: int
    mode: int
    mtime_ns: int
    link_target: str
