"""Shapes of Docker's Engine API that travel from a client through api into the engine.

Names are the wire's own. Every key may be absent or null, as Go's clients leave them.
Source: Engine API 1.51 (moby/moby, api/docs).
"""

from typing import Annotated, Any, TypedDict

# Go's strslice: a client may send a string alone for a list of it (api/go_json.py).
Words = Annotated[list[str], "a string is a list of it"]


class Nothing(TypedDict, total=False):
    """Go's struct{}, of what is a set: whatever a client says in it is dropped."""


class HealthConfig(TypedDict, total=False):
    Test: list[str] | None
    Interval: int | None
    Timeout: int | None
    Retries: int | None
    StartPeriod: int | None
    StartInterval: int | None
    OnFailure: str | None  # beyond Docker: engine/running/on_unhealthy.py


class ContainerConfig(TypedDict, total=False):
    Hostname: str | None
    Domainname: str | None
    User: str | None
    AttachStdin: bool | None
    AttachStdout: bool | None
    AttachStderr: bool | None
    ExposedPorts: dict[str, Nothing] | None
    Tty: bool | None
    OpenStdin: bool | None
    StdinOnce: bool | None
    Env: list[str] | None
    Cmd: Words | None
    Healthcheck: HealthConfig | None
    ArgsEscaped: bool | None
    Image: str | None
    Volumes: dict[str, Nothing] | None
    WorkingDir: str | None
    Entrypoint: Words | None
    NetworkDisabled: bool | None
    MacAddress: str | None
    OnBuild: list[str] | None
    Labels: dict[str, str] | None
    StopSignal: str | None
    StopTimeout: int | None
    Shell: Words | None


class RestartPolicy(TypedDict, total=False):
    Name: str | None
    MaximumRetryCount: int | None


class DeviceMapping(TypedDict, total=False):
    PathOnHost: str | None
    PathInContainer: str | None
    CgroupPermissions: str | None


class LogConfig(TypedDict, total=False):
    Type: str | None
    Config: dict[str, str] | None


class Ulimit(TypedDict, total=False):
    Name: str | None
    Soft: int | None
    Hard: int | None


class BlockDevice(TypedDict, total=False):
    """An entry of the limits of block I/O: `Weight`, or `Rate` of bytes or requests a second."""

    Path: str | None
    Weight: int | None
    Rate: int | None


class DeviceRequest(TypedDict, total=False):
    Driver: str | None
    Count: int | None
    DeviceIDs: list[str] | None
    Capabilities: list[list[str]] | None
    Options: dict[str, str] | None


class PortBinding(TypedDict, total=False):
    HostIp: str | None
    HostPort: str | None


class BindOptions(TypedDict, total=False):
    Propagation: str | None
    NonRecursive: bool | None
    CreateMountpoint: bool | None
    ReadOnlyNonRecursive: bool | None
    ReadOnlyForceRecursive: bool | None


class VolumeDriver(TypedDict, total=False):
    Name: str | None
    Options: dict[str, str] | None


class VolumeOptions(TypedDict, total=False):
    NoCopy: bool | None
    Labels: dict[str, str] | None
    Subpath: str | None
    DriverConfig: VolumeDriver | None


class ImageOptions(TypedDict, total=False):
    Subpath: str | None


class TmpfsOptions(TypedDict, total=False):
    SizeBytes: int | None
    Mode: int | None
    Options: list[list[str]] | None


class Mount(TypedDict, total=False):
    Target: str | None
    Source: str | None
    Type: str | None
    ReadOnly: bool | None
    Consistency: str | None
    BindOptions: BindOptions | None
    VolumeOptions: VolumeOptions | None
    ImageOptions: ImageOptions | None
    TmpfsOptions: TmpfsOptions | None
    OwnerOptions: list[str] | None  # seacan's own: uid=N, gid=N, mode=OCTAL, idmap=…


class HostConfig(TypedDict, total=False):
    CpuShares: int | None
    Memory: int | None
    CgroupParent: str | None
    BlkioWeight: int | None
    BlkioWeightDevice: list[BlockDevice] | None
    BlkioDeviceReadBps: list[BlockDevice] | None
    BlkioDeviceWriteBps: list[BlockDevice] | None
    BlkioDeviceReadIOps: list[BlockDevice] | None
    BlkioDeviceWriteIOps: list[BlockDevice] | None
    CpuPeriod: int | None
    CpuQuota: int | None
    CpuRealtimePeriod: int | None
    CpuRealtimeRuntime: int | None
    CpusetCpus: str | None
    CpusetMems: str | None
    Devices: list[DeviceMapping] | None
    DeviceCgroupRules: list[str] | None
    DeviceRequests: list[DeviceRequest] | None
    KernelMemoryTCP: int | None
    MemoryReservation: int | None
    MemorySwap: int | None
    MemorySwappiness: int | None
    NanoCpus: int | None
    OomKillDisable: bool | None
    Init: bool | None
    PidsLimit: int | None
    Ulimits: list[Ulimit] | None
    CpuCount: int | None
    CpuPercent: int | None
    IOMaximumIOps: int | None
    IOMaximumBandwidth: int | None
    Binds: list[str] | None
    ContainerIDFile: str | None
    LogConfig: LogConfig | None
    NetworkMode: str | None
    PortBindings: dict[str, list[PortBinding] | None] | None
    RestartPolicy: RestartPolicy | None
    AutoRemove: bool | None
    VolumeDriver: str | None
    VolumesFrom: list[str] | None
    Mounts: list[Mount] | None
    ConsoleSize: list[int] | None
    Annotations: dict[str, str] | None
    CapAdd: Words | None
    CapDrop: Words | None
    CgroupnsMode: str | None
    Dns: list[str] | None
    DnsOptions: list[str] | None
    DnsSearch: list[str] | None
    ExtraHosts: list[str] | None
    GroupAdd: list[str] | None
    IpcMode: str | None
    Cgroup: str | None
    Links: list[str] | None
    OomScoreAdj: int | None
    PidMode: str | None
    Privileged: bool | None
    PublishAllPorts: bool | None
    ReadonlyRootfs: bool | None
    SecurityOpt: list[str] | None
    StorageOpt: dict[str, str] | None
    Tmpfs: dict[str, str] | None
    UTSMode: str | None
    UsernsMode: str | None
    ShmSize: int | None
    Sysctls: dict[str, str] | None
    Runtime: str | None
    Isolation: str | None
    MaskedPaths: list[str] | None
    ReadonlyPaths: list[str] | None


class EndpointIPAMConfig(TypedDict, total=False):
    IPv4Address: str | None
    IPv6Address: str | None
    LinkLocalIPs: list[str] | None


class EndpointSettings(TypedDict, total=False):
    IPAMConfig: EndpointIPAMConfig | None
    Links: list[str] | None
    MacAddress: str | None
    Aliases: list[str] | None
    DriverOpts: dict[str, str] | None
    GwPriority: int | None
    NetworkID: str | None
    EndpointID: str | None
    Gateway: str | None
    IPAddress: str | None
    IPPrefixLen: int | None
    IPv6Gateway: str | None
    GlobalIPv6Address: str | None
    GlobalIPv6PrefixLen: int | None
    DNSNames: list[str] | None


class IPAMConfig(TypedDict, total=False):
    Subnet: str | None
    IPRange: str | None
    Gateway: str | None
    AuxiliaryAddresses: dict[str, str] | None


class IPAM(TypedDict, total=False):
    Driver: str | None
    Config: list[IPAMConfig] | None
    Options: dict[str, str] | None


class NetworkCreate(TypedDict, total=False):
    """The body of POST /networks/create."""

    Name: str | None
    CheckDuplicate: bool | None
    Driver: str | None
    Scope: str | None
    Internal: bool | None
    Attachable: bool | None
    Ingress: bool | None
    ConfigOnly: bool | None
    ConfigFrom: dict[str, str] | None
    IPAM: IPAM | None
    EnableIPv4: bool | None
    EnableIPv6: bool | None
    Options: dict[str, str] | None
    Labels: dict[str, str] | None


class NetworkConnect(TypedDict, total=False):
    """The body of POST /networks/{id}/connect."""

    Container: str | None
    EndpointConfig: EndpointSettings | None


class NetworkDisconnect(TypedDict, total=False):
    """The body of POST /networks/{id}/disconnect."""

    Container: str | None
    Force: bool | None


class NetworkingConfig(TypedDict, total=False):
    EndpointsConfig: dict[str, EndpointSettings | None] | None


class ContainerCreate(ContainerConfig, total=False):
    """The body of POST /containers/create."""

    HostConfig: HostConfig | None
    NetworkingConfig: NetworkingConfig | None


class ContainerUpdate(HostConfig, total=False):
    """The body of POST /containers/{id}/update: limits, restart policy, and two of our own."""

    KernelMemory: int | None  # until API 1.41
    # Beyond Docker, both as PortBindings; of what is removed, nothing stands for all.
    PublishAdd: dict[str, list[PortBinding] | None] | None
    PublishRemove: dict[str, list[PortBinding] | None] | None


class ExecConfig(TypedDict, total=False):
    """The body of POST /containers/{id}/exec."""

    AttachStdin: bool | None
    AttachStdout: bool | None
    AttachStderr: bool | None
    ConsoleSize: list[int] | None
    DetachKeys: str | None
    Tty: bool | None
    Env: list[str] | None
    Cmd: list[str] | None
    Privileged: bool | None
    User: str | None
    WorkingDir: str | None


class AuthConfig(TypedDict, total=False):
    """The body of POST /auth, and X-Registry-Auth in base64 for URLs."""

    username: str | None
    password: str | None
    auth: str | None
    email: str | None
    serveraddress: str | None
    identitytoken: str | None
    registrytoken: str | None


class VolumeCreate(TypedDict, total=False):
    """The body of POST /volumes/create."""

    Name: str | None
    Driver: str | None
    DriverOpts: dict[str, str] | None
    Labels: dict[str, str] | None
    ClusterVolumeSpec: dict[str, Any] | None
