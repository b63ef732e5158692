"""A container as the daemon knows it: the record that is kept, and the states it goes through.

                              PAUSED ──is stopped or killed────────────────────────┐
                            pause ▲│ unpause                                        ▼
create ──▸ CREATED ──start──▸ RUNNING ──its process ends, is stopped or killed──▸ EXITED
              ▲                  ▲ ▲                │                               │ ▲
              └── start failed   │ └─ RESTARTING ◂──┘ its policy has it so          │ │
                                 │         └───── is stopped, or does not start ────┼─┘
                                 └─────────────────── start ────────────────────────┘
remove, from CREATED and EXITED (from any of them if forced) ──▸ gone
"""

from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import field

from seacan.engine.creation.mount_points import MountPoint
from seacan.ids import ContainerId
from seacan.network.definition import Sandbox
from seacan.spec.engine_api import ContainerConfig, EndpointSettings, HostConfig

NEVER: Final = "0001-01-01T00:00:00Z"


class Status(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"  # it has ended, and waits to be started again
    EXITED = "exited"


class HealthStatus(StrEnum):
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class ProbeResult(msgspec.Struct, frozen=True):
    """How one probe went; times as in State."""

    start: str
    end: str
    exit_code: int  # -1: it did not start, or was not in time
    output: str


class Health(msgspec.Struct):
    status: HealthStatus = HealthStatus.STARTING
    failing_streak: int = 0
    log: list[ProbeResult] = field(default_factory=list)  # the last five, the oldest first


class Link(msgspec.Struct, frozen=True):
    """Another container that this one knows under a name, on the default bridge."""

    container_id: str
    alias: str


class State(msgspec.Struct):
    """Times are RFC 3339 in UTC with nanoseconds; NEVER if it has not happened.

    What an error says about others goes on with it, as in SeacanError.
    """

    status: Status = Status.CREATED
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    error_about_others: str = ""
    oom_killed: bool = False
    started_at: str = NEVER
    finished_at: str = NEVER
    health: Health | None = None  # None until it was started with a health check


class Container(msgspec.Struct):
    id: ContainerId
    name: str  # without the slash that the API puts before it
    created_at: str  # RFC 3339 with nanoseconds
    created_s: int  # since 1970
    image_id: str
    image: str  # as it was asked for
    path: str
    args: list[str]
    config: ContainerConfig  # merged with the image's
    host_config: HostConfig  # with every default filled in
    platform: str
    cgroup_path: str
    log_path: str  # empty if there is no log
    hostname_path: str
    hosts_path: str
    resolv_conf_path: str
    mounts: list[dict[str, Any]] = field(default_factory=list)  # MountPoint of the Engine API
    mount_points: list[MountPoint] = field(default_factory=list)  # the same, as they are made
    state: State = field(default_factory=State)
    restart_count: int = 0  # since it was last started by hand
    stopped_by_hand: bool = False
    apparmor_profile: str = ""  # that it was last started in; empty without AppArmor
    driver: str = "overlay2"
    exec_ids: list[str] = field(default_factory=list)
    networks: dict[str, EndpointSettings] = field(default_factory=dict)  # what it asks of each
    sandbox: Sandbox | None = None  # what it has of them while it runs
    links: list[Link] = field(default_factory=list)
    link_environment: list[str] = field(default_factory=list)  # of those, since its last start

    @property
    def is_running(self) -> bool:
        """Whether there are processes of it, paused or not."""
        return self.state.status in (Status.RUNNING, Status.PAUSED)

    @property
    def is_paused(self) -> bool:
        return self.state.status is Status.PAUSED

    @property
    def is_backing_off(self) -> bool:
        """Whether it has ended, and is about to be started again by its policy."""
        return self.state.status is Status.RESTARTING

    @property
    def is_active(self) -> bool:
        """Whether it runs, or will again by itself: what Docker calls running."""
        return self.is_running or self.is_backing_off

    @property
    def environment(self) -> list[str]:
        """What its processes get besides the defaults: of links, then its own."""
        return [*self.link_environment, *(self.config.get("Env") or [])]

    @property
    def tty(self) -> bool:
        return bool(self.config.get("Tty"))


class Exit(msgspec.Struct, frozen=True):
    """How a wait ended."""

    status_code: int
    error: str = ""


class Places(msgspec.Struct, frozen=True):
    """Where a container that runs is on this host."""

    bundle: Path
    data_root: Path


class Created(msgspec.Struct, frozen=True):
    id: ContainerId
    warnings: list[str]
