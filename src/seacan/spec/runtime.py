"""The shapes of the OCI runtime-spec 1.2: config.json and the state of a container.

Data only. Keys are the specification's own, each may be absent. What seacan refuses is here too, so
that the refusal can name it. Source: opencontainers/runtime-spec v1.2, config.md, config-linux.md,
runtime.md and schema/.
"""

from typing import Literal, TypedDict

NamespaceType = Literal["mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time"]
Status = Literal["creating", "created", "running", "stopped", "paused"]
HookKind = Literal[
    "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"
]


# --- process ----------------------------------------------------------------------------------


class ConsoleSize(TypedDict):
    """Rows and columns of the terminal."""

    height: int
    width: int


class User(TypedDict, total=False):
    uid: int
    gid: int
    umask: int
    additionalGids: list[int]
    username: str


class Capabilities(TypedDict, total=False):
    """Names such as CAP_CHOWN, in five sets."""

    bounding: list[str]
    effective: list[str]
    inheritable: list[str]
    permitted: list[str]
    ambient: list[str]


class Rlimit(TypedDict):
    """`type` is RLIMIT_NOFILE and the like; RLIM_INFINITY is 2**64-1."""

    type: str
    soft: int
    hard: int


IOPriority = TypedDict("IOPriority", {"class": str, "priority": int}, total=False)


class Scheduler(TypedDict, total=False):
    policy: str
    nice: int
    priority: int
    flags: list[str]
    runtime: int
    deadline: int
    period: int


class ExecCPUAffinity(TypedDict, total=False):
    initial: str
    final: str


class Process(TypedDict, total=False):
    terminal: bool
    consoleSize: ConsoleSize
    user: User
    args: list[str]
    commandLine: str
    env: list[str]
    cwd: str
    capabilities: Capabilities
    rlimits: list[Rlimit]
    noNewPrivileges: bool
    apparmorProfile: str
    oomScoreAdj: int
    scheduler: Scheduler
    selinuxLabel: str
    ioPriority: IOPriority
    execCPUAffinity: ExecCPUAffinity


# --- file systems -----------------------------------------------------------------------------


class Root(TypedDict, total=False):
    """`path` is absolute, or relative to the bundle."""

    path: str
    readonly: bool


class IDMapping(TypedDict):
    containerID: int
    hostID: int
    size: int


class Mount(TypedDict, total=False):
    destination: str
    type: str
    source: str
    options: list[str]
    uidMappings: list[IDMapping]
    gidMappings: list[IDMapping]


# --- hooks ------------------------------------------------------------------------------------


class Hook(TypedDict, total=False):
    """`timeout` in seconds."""

    path: str
    args: list[str]
    env: list[str]
    timeout: int


class Hooks(TypedDict, total=False):
    prestart: list[Hook]
    createRuntime: list[Hook]
    createContainer: list[Hook]
    startContainer: list[Hook]
    poststart: list[Hook]
    poststop: list[Hook]


# --- linux: resources -------------------------------------------------------------------------


class LinuxDeviceCgroup(TypedDict, total=False):
    """A rule of the device controller; -1 or no number is every number; `access` of r, w, m."""

    allow: bool
    type: str
    major: int
    minor: int
    access: str


class LinuxMemory(TypedDict, total=False):
    """Bytes; -1 is no limit. `swap` is memory and swap together."""

    limit: int
    reservation: int
    swap: int
    kernel: int
    kernelTCP: int
    swappiness: int
    disableOOMKiller: bool
    useHierarchy: bool
    checkBeforeUpdate: bool


class LinuxCPU(TypedDict, total=False):
    """`quota`, `period`, `burst` and the realtime pair in microseconds."""

    shares: int
    quota: int
    burst: int
    period: int
    realtimeRuntime: int
    realtimePeriod: int
    cpus: str
    mems: str
    idle: int


class LinuxPids(TypedDict, total=False):
    limit: int


class LinuxWeightDevice(TypedDict, total=False):
    major: int
    minor: int
    weight: int
    leafWeight: int


class LinuxThrottleDevice(TypedDict, total=False):
    """`rate` in bytes or operations a second."""

    major: int
    minor: int
    rate: int


class LinuxBlockIO(TypedDict, total=False):
    weight: int
    leafWeight: int
    weightDevice: list[LinuxWeightDevice]
    throttleReadBpsDevice: list[LinuxThrottleDevice]
    throttleWriteBpsDevice: list[LinuxThrottleDevice]
    throttleReadIOPSDevice: list[LinuxThrottleDevice]
    throttleWriteIOPSDevice: list[LinuxThrottleDevice]


class LinuxHugepageLimit(TypedDict, total=False):
    """`pageSize` as 2MB, `limit` in bytes."""

    pageSize: str
    limit: int


class LinuxInterfacePriority(TypedDict):
    name: str
    priority: int


class LinuxNetwork(TypedDict, total=False):
    classID: int
    priorities: list[LinuxInterfacePriority]


class LinuxRdma(TypedDict, total=False):
    hcaHandles: int
    hcaObjects: int


class LinuxResources(TypedDict, total=False):
    devices: list[LinuxDeviceCgroup]
    memory: LinuxMemory
    cpu: LinuxCPU
    pids: LinuxPids
    blockIO: LinuxBlockIO
    hugepageLimits: list[LinuxHugepageLimit]
    network: LinuxNetwork
    rdma: dict[str, LinuxRdma]
    unified: dict[str, str]


# --- linux: seccomp ---------------------------------------------------------------------------


class LinuxSeccompArg(TypedDict, total=False):
    """`op` is SCMP_CMP_*; `valueTwo` is what SCMP_CMP_MASKED_EQ compares to."""

    index: int
    value: int
    valueTwo: int
    op: str


class LinuxSyscall(TypedDict, total=False):
    names: list[str]
    action: str
    errnoRet: int
    args: list[LinuxSeccompArg]


class LinuxSeccomp(TypedDict, total=False):
    defaultAction: str
    defaultErrnoRet: int
    architectures: list[str]
    flags: list[str]
    listenerPath: str
    listenerMetadata: str
    syscalls: list[LinuxSyscall]


# --- linux: the rest --------------------------------------------------------------------------


class LinuxDevice(TypedDict, total=False):
    """`type` is c, b, u or p; `fileMode` a number, permissions only."""

    type: str
    path: str
    major: int
    minor: int
    fileMode: int
    uid: int
    gid: int


class LinuxNamespace(TypedDict, total=False):
    """A new namespace, or with `path` the one to join."""

    type: NamespaceType
    path: str


class LinuxNetDevice(TypedDict, total=False):
    name: str


class LinuxIntelRdt(TypedDict, total=False):
    closID: str
    schemata: list[str]
    l3CacheSchema: str
    memBwSchema: str
    enableMonitoring: bool


class LinuxMemoryPolicy(TypedDict, total=False):
    mode: str
    nodes: str
    flags: list[str]


class LinuxPersonality(TypedDict, total=False):
    domain: str
    flags: list[str]


class LinuxTimeOffset(TypedDict, total=False):
    secs: int
    nanosecs: int


class Linux(TypedDict, total=False):
    devices: list[LinuxDevice]
    netDevices: dict[str, LinuxNetDevice]
    uidMappings: list[IDMapping]
    gidMappings: list[IDMapping]
    namespaces: list[LinuxNamespace]
    resources: LinuxResources
    cgroupsPath: str
    rootfsPropagation: str
    seccomp: LinuxSeccomp
    sysctl: dict[str, str]
    maskedPaths: list[str]
    readonlyPaths: list[str]
    mountLabel: str
    intelRdt: LinuxIntelRdt
    memoryPolicy: LinuxMemoryPolicy
    personality: LinuxPersonality
    timeOffsets: dict[str, LinuxTimeOffset]


# --- the whole --------------------------------------------------------------------------------


class Config(TypedDict, total=False):
    """config.json of a bundle."""

    ociVersion: str
    process: Process
    root: Root
    hostname: str
    domainname: str
    mounts: list[Mount]
    hooks: Hooks
    annotations: dict[str, str]
    linux: Linux


class State(TypedDict, total=False):
    """What `state` prints; `pid` is 0 or absent once the container has stopped."""

    ociVersion: str
    id: str
    status: Status
    pid: int
    bundle: str
    annotations: dict[str, str]


class ContainerProcessState(TypedDict):
    """What an agent for seccomp is sent, with the descriptors that `fds` names.

    `pid` is the process under the filter, `state` its container's.
    """

    ociVersion: str
    fds: list[str]
    pid: int
    metadata: str
    state: State
