"""A host to decide for: two CPUs, cgroup v1, root without CAP_SYS_RESOURCE."""

from typing import Any

from msgspec.structs import replace

from seacan.engine.creation.requests import Normalised, normalise
from seacan.engine.host import Host, Limit
from seacan.kernel import capabilities
from seacan.spec.image import ExecutionConfig

LIMITS: frozenset[Limit] = frozenset(
    {
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
        "blkio_throttle",
    }
)

HOST = Host(
    hostname="vm",
    kernel=(6, 18),
    cpu_count=2,
    cpus="0-1",
    memory_nodes="0",
    cgroup_version="v1",
    limits=LIMITS,
    capabilities=tuple(name for name in capabilities.NAMES if name != "CAP_SYS_RESOURCE"),
    hard_rlimits={"nofile": 20000, "core": 2**64 - 1},
    oom_score_adj=0,
    network_sysctls={
        "net.ipv4.ping_group_range": "0 2147483647",
        "net.ipv4.ip_unprivileged_port_start": "0",
    },
    runtimes={"seacan": None, "runc": "/usr/sbin/runc"},
)
_ONLY_V1: frozenset[Limit] = frozenset(
    {"swappiness", "oom_kill_disable", "cpu_realtime", "kernel_memory_tcp"}
)
HOST_V2 = replace(HOST, cgroup_version="v2", limits=LIMITS - _ONLY_V1)

CONTAINER_ID = "390f8ae98a18e784c50f430de23ecf9f61b3c28b27f1fc2b3342544f85e08bac"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUSYBOX: ExecutionConfig = {"Env": [PATH], "Cmd": ["sh"], "Labels": None}


def make(
    image: ExecutionConfig = BUSYBOX,
    host: Host = HOST,
    hc: dict[str, Any] | None = None,
    **fields: Any,
) -> Normalised:
    """Normalise a request of `fields` and of HostConfig `hc`, for a container of busybox."""
    request: Any = {"Image": "busybox", "Cmd": ["true"], "HostConfig": hc, **fields}
    return normalise(request, image, CONTAINER_ID, host)
