"""What the host can do, as far as a container's request depends on it: looked up once, at start."""

import os
import resource
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from seacan.engine.bundle import apparmor
from seacan.errors import InvalidArgument, Unavailable
from seacan.kernel import capabilities
from seacan.kernel.dbus import systemd

CgroupVersion = Literal["v1", "v2"]
Limit = Literal[
    "memory",
    "swap",
    "reservation",
    "swappiness",
    "oom_kill_disable",
    "pids",
    "cpu_shares",
    "cpu_quota",
    "cpu_realtime",
    "cpuset",
    "kernel_memory_tcp",
    "blkio_weight",
    "blkio_weight_device",
    "blkio_throttle",
]

# A limit can be set where its file exists in the controller's hierarchy. Source: cgroup-v1/*.rst.
_V1_FILES: Final[Mapping[Limit, tuple[str, str]]] = {
    "memory": ("memory", "memory.limit_in_bytes"),
    "swap": ("memory", "memory.memsw.limit_in_bytes"),
    "reservation": ("memory", "memory.soft_limit_in_bytes"),
    "swappiness": ("memory", "memory.swappiness"),
    "oom_kill_disable": ("memory", "memory.oom_control"),
    "pids": ("pids", "cgroup.procs"),
    "cpu_shares": ("cpu", "cpu.shares"),
    "cpu_quota": ("cpu", "cpu.cfs_quota_us"),
    "cpu_realtime": ("cpu", "cpu.rt_runtime_us"),
    "cpuset": ("cpuset", "cpuset.cpus"),
    "kernel_memory_tcp": ("memory", "memory.kmem.tcp.limit_in_bytes"),
    "blkio_weight": ("blkio", "blkio.weight"),
    "blkio_weight_device": ("blkio", "blkio.weight_device"),
    "blkio_throttle": ("blkio", "blkio.throttle.read_bps_device"),
}
# With v2 the controller is enough. Swappiness, a disabled OOM killer, real-time scheduling and a
# limit of TCP's buffers do not exist there.
_V2_CONTROLLERS: Final[Mapping[str, tuple[Limit, ...]]] = {
    "memory": ("memory", "swap", "reservation"),
    "pids": ("pids",),
    "cpu": ("cpu_shares", "cpu_quota"),
    "cpuset": ("cpuset",),
    "io": ("blkio_weight", "blkio_weight_device", "blkio_throttle"),
}

# Our own has no executable: the shim has it in itself. Others are there if they are in the PATH.
OWN_RUNTIME: Final = "seacan"
_OTHER_RUNTIMES: Final = ("runc", "crun", "youki", "runsc")

# What a new network namespace gets, where the kernel has it: ping without CAP_NET_RAW, and every
# port without CAP_NET_BIND_SERVICE. Source: Docker since 20.10.
PING_GROUPS: Final = "net.ipv4.ping_group_range"
_NETWORK_SYSCTLS: Final = {
    PING_GROUPS: "0 2147483647",
    "net.ipv4.ip_unprivileged_port_start": "0",
}


class Host(msgspec.Struct, frozen=True):
    """`cpus` and `memory_nodes` are lists such as 0-3,8; `kernel` is (major, minor).

    `runtimes` are commands by name, executable and flags; None for our own. Of the daemon itself
    are `capabilities` (its bounding set), `hard_rlimits` by lower-case name, 2**64-1 for none, and
    `oom_score_adj`.
    """

    hostname: str
    kernel: tuple[int, int]
    cpu_count: int
    cpus: str
    memory_nodes: str
    cgroup_version: CgroupVersion
    limits: frozenset[Limit]
    capabilities: tuple[str, ...]
    hard_rlimits: Mapping[str, int]
    oom_score_adj: int
    runtimes: Mapping[str, Sequence[str] | None]
    network_sysctls: Mapping[str, str]
    thermal_throttle: tuple[str, ...] = ()
    has_apparmor: bool = False
    systemd_cgroup: str = ""  # which all units are in; empty for the root, or if it was not asked


def with_runtimes(host: Host, added: Mapping[str, Sequence[str]], default: str) -> Host:
    """Return `host` with more runtimes by name. Raises InvalidArgument for a default it lacks."""
    runtimes = {OWN_RUNTIME: None, **_runtimes(), **added}
    if default and default not in runtimes:
        raise InvalidArgument(f"specified default runtime '{default}' does not exist")
    return replace(host, runtimes=runtimes)


def with_systemd(host: Host) -> Host:
    """Return `host` with the cgroup of its systemd. Raises Unavailable if there is none."""
    try:
        with systemd.connect(user=False) as manager:
            # With version 1, each hierarchy has the units at its root.
            cgroup = manager.cgroup() if host.cgroup_version == "v2" else ""
    except OSError as err:
        raise Unavailable(f"native.cgroupdriver=systemd: {err.strerror or err}") from err
    return replace(host, systemd_cgroup=cgroup)


def probe(cgroup_version: CgroupVersion, cgroup_root: Path = Path("/sys/fs/cgroup")) -> Host:
    """Look at this host; `cgroup_root` has the controllers' hierarchies (v1) or the one (v2)."""
    major, minor = os.uname().release.split(".")[:2]
    return Host(
        hostname=os.uname().nodename,
        kernel=(int(major), int("".join(c for c in minor if c.isdecimal()))),
        cpu_count=len(os.sched_getaffinity(0)),
        cpus=_read("/sys/devices/system/cpu/online"),
        memory_nodes=_read("/sys/devices/system/node/online") or "0",
        cgroup_version=cgroup_version,
        limits=_limits_v1(cgroup_root) if cgroup_version == "v1" else _limits_v2(cgroup_root),
        capabilities=tuple(capabilities.names_of(_bounding_set())),
        hard_rlimits=_hard_rlimits(),
        oom_score_adj=int(_read("/proc/self/oom_score_adj") or 0),
        runtimes=_runtimes(),
        thermal_throttle=_thermal_throttle(),
        has_apparmor=apparmor.is_there(),
        network_sysctls={k: v for k, v in _NETWORK_SYSCTLS.items() if _has_sysctl(k)},
    )


def _limits_v1(root: Path) -> frozenset[Limit]:
    return frozenset(
        limit
        for limit, (controller, file) in _V1_FILES.items()
        if (root / controller / file).exists()
    )


def _limits_v2(root: Path) -> frozenset[Limit]:
    controllers = _read(str(root / "cgroup.controllers")).split()
    return frozenset(
        limit for controller in controllers for limit in _V2_CONTROLLERS.get(controller, ())
    )


def _hard_rlimits() -> dict[str, int]:
    names = [
        name for name in dir(resource) if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE"
    ]
    return {
        name.removeprefix("RLIMIT_").lower(): resource.getrlimit(getattr(resource, name))[1] % 2**64
        for name in names
    }


def _bounding_set() -> int:
    """Return the bounding set of this process as a bit mask: proc_pid_status(5), CapBnd."""
    fields = dict(line.split(":", 1) for line in _read("/proc/self/status").splitlines())
    return int(fields["CapBnd"], 16)


def _runtimes() -> dict[str, Sequence[str] | None]:
    others = {name: shutil.which(name) for name in _OTHER_RUNTIMES}
    return {OWN_RUNTIME: None, **{name: [path] for name, path in others.items() if path}}


def _thermal_throttle() -> tuple[str, ...]:
    """Return the directories whose counters tell of the host's other load."""
    directories = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle")
    return tuple(sorted(map(str, directories)))


def _has_sysctl(name: str) -> bool:
    return Path("/proc/sys", name.replace(".", "/")).exists()


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
