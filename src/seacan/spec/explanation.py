"""What `seacan explain --json` prints: what holds a process of this host, section by section.

Inodes, pids and sizes are numbers, sizes in bytes; `See` are the commands that show the same.
"""

from typing import TypedDict


class Process(TypedDict):
    """`NamespacePids`: its numbers in the pid namespaces below the reader's, outermost first."""

    Pid: int
    Parent: int
    Name: str
    Command: list[str]
    User: int
    NamespacePids: list[int]
    Children: "list[Process]"


class Processes(TypedDict):
    """`Ancestors`: from the first process of the host to the parent. `Omitted`: too many to show.

    `Tree` is the process with all that descends from it.
    """

    Ancestors: list[Process]
    Tree: Process
    Omitted: int
    See: list[str]


class Namespace(TypedDict):
    """`Kind` as /proc/PID/ns has it; `IsShared`: it is the host's own."""

    Kind: str
    Inode: int
    HostInode: int
    IsShared: bool


class Namespaces(TypedDict):
    List: list[Namespace]
    See: list[str]


class Cgroup(TypedDict):
    """One hierarchy: `Controllers` is empty for version 2; `Directory` is where it is mounted."""

    Version: int
    Controllers: list[str]
    Path: str
    Directory: str


class Limit(TypedDict):
    """The strictest limit that counts for the process, None if there is none; `File` has it.

    `Resource`: cpu (in CPUs, used in seconds), memory (bytes), pids.
    """

    Resource: str
    Limit: float | None
    Used: float
    File: str


class Cgroups(TypedDict):
    List: list[Cgroup]
    Limits: list[Limit]
    See: list[str]


class Capabilities(TypedDict):
    """`NoNewPrivileges`: execve gives none beyond these."""

    Effective: list[str]
    Permitted: list[str]
    Inheritable: list[str]
    Bounding: list[str]
    Ambient: list[str]
    NoNewPrivileges: bool
    See: list[str]


class Seccomp(TypedDict):
    """`Mode`: off, strict or filter. `Blocked` and `Conditional` are None if unknown.

    The kernel does not show a filter: the names are of the profile that the container was given.
    """

    Mode: str
    Filters: int
    Blocked: list[str] | None
    Conditional: list[str] | None
    See: list[str]


class Mount(TypedDict):
    """`Source` has in brackets which part of a file system is mounted, unless it is the whole.

    `Options` are the mount's own, `FileSystemOptions` those of all mounts of its file system.
    """

    Target: str
    Type: str
    Source: str
    Options: list[str]
    FileSystemOptions: list[str]


class Layer(TypedDict):
    """`DiffId` is the image's digest of it, empty where no image is known."""

    Directory: str
    DiffId: str


class FileSystem(TypedDict):
    """`IsShared`: the mounts are the host's, and not listed. `Layers`: the topmost first.

    `Writable` is where changes go, empty if the root is no overlay or cannot be written.
    """

    IsShared: bool
    RootType: str
    Writable: str
    Layers: list[Layer]
    Mounts: list[Mount]
    See: list[str]


class Interface(TypedDict):
    """`Peer` is the host's end of a pair and `Bridge` what that is in, or empty."""

    Name: str
    Addresses: list[str]
    Peer: str
    Bridge: str


class Rule(TypedDict):
    """A rule of the host that leads to an address of the process: where it is, and its text."""

    Place: str
    Text: str


class Listener(TypedDict):
    """`Pids`: who of the tree has the socket."""

    Protocol: str
    Address: str
    Port: int
    Pids: list[int]


class Network(TypedDict):
    """`IsShared`: the network is the host's, whose interfaces are not listed."""

    IsShared: bool
    Interfaces: list[Interface]
    Rules: list[Rule]
    Listeners: list[Listener]
    See: list[str]


class Container(TypedDict):
    Id: str
    Name: str
    Image: str


class Explanation(TypedDict):
    """`Container` is None for a process that is in none that the daemon knows."""

    Pid: int
    Container: Container | None
    Processes: Processes
    Namespaces: Namespaces
    Cgroups: Cgroups
    Capabilities: Capabilities
    Seccomp: Seccomp
    FileSystem: FileSystem
    Network: Network
