"""What the parts of the engine work with, handed to each of them."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from anyio.abc import TaskGroup
from msgspec import field

from seacan.build.kept_contexts import KeptContexts
from seacan.engine.builds.cache_rules import Rule, default_rules
from seacan.engine.bundle import resources
from seacan.engine.bundle.project_quotas import ProjectQuotas
from seacan.engine.creation.container_defaults import ContainerDefaults
from seacan.engine.database import Database
from seacan.engine.events.events import Events
from seacan.engine.host import Host
from seacan.engine.measures import Measures
from seacan.engine.networks.networks import Networks
from seacan.engine.networks.sandboxes import Sandboxes
from seacan.engine.networks.settings import NetworkSettings
from seacan.engine.trash import Trash
from seacan.engine.volumes.volumes import Volumes
from seacan.images.images import Images
from seacan.images.remote.settings import RegistrySettings
from seacan.paths import DataRoot, ExecRoot
from seacan.spec.engine_api import HostConfig, LogConfig
from seacan.supervisor.launcher_client import Launcher
from seacan.supervisor.protocol import IdMap
from seacan.volumes.plugin_places import Places

CgroupDriver = Literal["cgroupfs", "systemd"]


class Settings(msgspec.Struct, frozen=True):
    """What the daemon was told by its flags."""

    data_root: DataRoot
    exec_root: ExecRoot
    cgroup_parent: str  # absolute, from the root of every hierarchy; a slice, if systemd makes them
    network: NetworkSettings
    cgroup_driver: CgroupDriver = "cgroupfs"  # who makes the cgroups of containers
    plugins: Places = field(default_factory=Places)
    log_config: LogConfig = field(default_factory=LogConfig)  # of containers that ask for none
    storage_bytes: int = 0  # the same: how much they may write; 0 is no limit
    registries: RegistrySettings = field(default_factory=RegistrySettings)
    containers: ContainerDefaults = field(default_factory=ContainerDefaults)
    labels: tuple[str, ...] = ()  # NAME=VALUE: what `info` shows
    is_debugging: bool = False
    is_experimental: bool = False  # as told to clients, who offer more then: `build --squash`
    prefers_buildkit: bool = True  # as told to clients, who build by its protocol then
    authorization_plugins: tuple[str, ...] = ()  # who is asked about all requests, in this order
    id_map: IdMap | None = None  # of containers that are not to be the host's root
    live_restore: bool = True  # containers go on when the daemon ends
    shutdown_timeout_s: int = 15  # if they do not: the least that they are waited for; -1: for ever
    cache_rules: Sequence[Rule] = default_rules()  # of builds


class Context(msgspec.Struct):
    """`settings` and `host` change when the daemon reads its configuration anew; nothing else."""

    settings: Settings
    host: Host
    database: Database
    images: Images
    launcher: Launcher
    tasks: TaskGroup
    events: Events
    networks: Networks
    sandboxes: Sandboxes
    trash: Trash  # on the file system of the exec root
    data_trash: Trash  # on that of the data root
    volumes: Volumes
    quotas: ProjectQuotas
    measures: Measures
    kept_contexts: KeptContexts  # of builds

    @property
    def data_root(self) -> DataRoot:
        return self.settings.data_root

    @property
    def exec_root(self) -> ExecRoot:
        return self.settings.exec_root

    def cgroup_path(self, host_config: HostConfig, container_id: str) -> str:
        """Return the path of a new container's cgroup. Raises InvalidArgument."""
        parent = self.settings.cgroup_parent
        if self.settings.cgroup_driver == "systemd":
            manager = self.host.systemd_cgroup
            return resources.scope_path(host_config, parent, container_id, manager)
        return resources.cgroup_path(host_config, parent, container_id)
