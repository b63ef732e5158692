"""What the daemon says of itself and of the host: version and info, in the API's own names."""

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seacan.engine.containers.container import Status
from seacan.engine.containers.containers import Containers
from seacan.engine.context import Context
from seacan.engine.host import OWN_RUNTIME, Limit
from seacan.engine.identity import daemon_id
from seacan.engine.logs import options as log_options
from seacan.engine.times import now
from seacan.images.remote.http import proxies as find_proxies
from seacan.images.remote.http import without_password
from seacan.images.remote.settings import HUB, HUB_INDEX, RegistrySettings
from seacan.version import API_VERSION, API_VERSION_LEAST, SERVER_VERSION, VERSION

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


class System:
    def __init__(self, context: Context, containers: Containers) -> None:
        self._context = context
        self._containers = containers
        self._id = daemon_id(context.data_root.path)

    @property
    def is_experimental(self) -> bool:
        return self._context.settings.is_experimental

    @property
    def prefers_buildkit(self) -> bool:
        return self._context.settings.prefers_buildkit

    def version(self) -> dict[str, Any]:
        """Return the reply of GET /version. Every component is of this one release."""
        host = os.uname()
        architecture = _MACHINES.get(host.machine, host.machine)
        python = platform.python_version()
        engine = {
            "ApiVersion": API_VERSION,
            "Arch": architecture,
            "Experimental": str(self.is_experimental).lower(),
            "KernelVersion": host.release,
            "MinAPIVersion": API_VERSION_LEAST,
            "Os": "linux",
            "PythonVersion": python,
        }
        parts: tuple[tuple[str, dict[str, str]], ...] = (
            ("Engine", engine),
            ("Supervisor", {"Role": "launcher and shims"}),
            ("Runtime", {"OciVersion": "1.2.0"}),
            ("Init", {}),
        )
        return {
            "Platform": {"Name": "seacan"},
            "Components": [
                {"Name": name, "Version": VERSION, **({"Details": details} if details else {})}
                for name, details in parts
            ],
            "Version": SERVER_VERSION,
            "ApiVersion": API_VERSION,
            "MinAPIVersion": API_VERSION_LEAST,
            "Os": "linux",
            "Arch": architecture,
            "KernelVersion": host.release,
            # Go's clients print these two; there is no commit or Go in a wheel.
            "GitCommit": "",
            "GoVersion": "",
        }

    def info(self) -> dict[str, Any]:
        """Return the reply of GET /info: what is so now, looked up now. Blocks."""
        with self._context.measures.host_info.timed("system_info"):
            return {
                "ID": self._id,
                **self._holdings(),
                **_limits(self._context.host.limits),
                **self._now(),
                **self._host(),
                **self._registries(),
                **self._choices(),
            }

    def _holdings(self) -> dict[str, Any]:
        """Return what there is, and where."""
        context, records = self._context, self._containers.all_records()
        running = sum(record.state.status is Status.RUNNING for record in records)
        paused = sum(record.is_paused for record in records)
        return {
            "Containers": len(records),
            "ContainersRunning": running,
            "ContainersPaused": paused,
            "ContainersStopped": len(records) - running - paused,
            "Images": len(context.images.list()),
            "Driver": "overlay2",
            "DriverStatus": [["Backing Filesystem", _file_system(context.data_root.path)]],
            "DockerRootDir": str(context.data_root.path),
            "Plugins": {
                "Volume": ["local"],
                "Network": ["bridge", "host", "ipvlan", "macvlan", "null"],
                "Authorization": [*context.settings.authorization_plugins] or None,
                "Log": sorted(log_options.DRIVERS),
            },
        }

    def _now(self) -> dict[str, Any]:
        """Return what the daemon is about."""
        return {
            "Debug": self._context.settings.is_debugging,
            "NFd": len(os.listdir("/proc/self/fd")),
            "NGoroutines": 0,
            "NEventsListener": self._context.events.listeners,
            "SystemTime": now(),
        }

    def _host(self) -> dict[str, Any]:
        host = self._context.host
        return {
            "CgroupVersion": host.cgroup_version.removeprefix("v"),
            "KernelVersion": os.uname().release,
            "OperatingSystem": _os_release("PRETTY_NAME") or "Linux",
            "OSVersion": _os_release("VERSION_ID"),
            "OSType": "linux",
            "Architecture": os.uname().machine,
            "NCPU": host.cpu_count,
            "MemTotal": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "Name": host.hostname,
            "IPv4Forwarding": _read("/proc/sys/net/ipv4/ip_forward") == "1",
            "SecurityOptions": self._security_options(),
            "Warnings": _warnings(host.limits) or None,
        }

    def _security_options(self) -> list[str]:
        options = ["name=apparmor"] if self._context.host.has_apparmor else []
        options.append("name=seccomp,profile=builtin")
        if self._context.settings.id_map is not None:
            options.append("name=userns")
        return [*options, "name=cgroupns"] if self._context.host.cgroup_version == "v2" else options

    def _registries(self) -> dict[str, Any]:
        settings = self._context.settings.registries
        proxies = find_proxies(settings)
        return {
            "IndexServerAddress": HUB_INDEX,
            "RegistryConfig": _registry_config(settings),
            "HttpProxy": without_password(proxies.http),
            "HttpsProxy": without_password(proxies.https),
            "NoProxy": proxies.bypass,
        }

    def _choices(self) -> dict[str, Any]:
        """Return what the daemon was told, and what it always does."""
        settings, host = self._context.settings, self._context.host
        return {
            "LoggingDriver": log_options.merge({}, settings.log_config).get("Type"),
            "CgroupDriver": settings.cgroup_driver,
            "Labels": list(settings.labels),
            "GenericResources": None,
            "ExperimentalBuild": self.is_experimental,
            "ServerVersion": SERVER_VERSION,
            "Runtimes": {
                name: _runtime(command or [sys.executable])
                for name, command in host.runtimes.items()
            },
            "DefaultRuntime": settings.containers.runtime or OWN_RUNTIME,
            "Swarm": {"NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive",
                      "ControlAvailable": False, "Error": "", "RemoteManagers": None},
            "LiveRestoreEnabled": settings.live_restore,
            "Isolation": "",
            "InitBinary": "seacan-init",
            "ContainerdCommit": {"ID": ""},
            "RuncCommit": {"ID": ""},
            "InitCommit": {"ID": ""},
            "CDISpecDirs": [],
        }  # fmt: skip


def _runtime(command: Sequence[str]) -> dict[str, Any]:
    path, *flags = command
    return {"path": path, **({"runtimeArgs": flags} if flags else {})}


def _limits(limits: frozenset[Limit]) -> dict[str, bool]:
    """Return which limits this kernel, as it runs, can set."""
    return {
        "MemoryLimit": "memory" in limits,
        "SwapLimit": "swap" in limits,
        "CpuCfsPeriod": "cpu_quota" in limits,
        "CpuCfsQuota": "cpu_quota" in limits,
        "CPUShares": "cpu_shares" in limits,
        "CPUSet": "cpuset" in limits,
        "PidsLimit": "pids" in limits,
        "KernelMemoryTCP": "kernel_memory_tcp" in limits,
        "OomKillDisable": "oom_kill_disable" in limits,
    }


def _registry_config(settings: RegistrySettings) -> dict[str, Any]:
    mirrors = list(settings.mirrors)
    hub = {"Name": HUB, "Mirrors": mirrors, "Secure": True, "Official": True}
    insecure = {
        host: {"Name": host, "Mirrors": [], "Secure": False, "Official": False}
        for host in settings.insecure_hosts
    }
    return {
        "IndexConfigs": {**insecure, HUB: hub},
        "InsecureRegistryCIDRs": settings.insecure_networks,
        "Mirrors": mirrors or None,
    }


def _warnings(limits: frozenset[Limit]) -> list[str]:
    """Return a line for each limit that this kernel, as it runs, cannot set."""
    names = {"memory": "memory", "swap": "swap", "pids": "pids", "cpu_quota": "cpu cfs quota"}
    return [
        f"WARNING: No {text} limit support" for name, text in names.items() if name not in limits
    ]


def _file_system(path: Path) -> str:
    """Return the type of the file system that holds `path`. Source: proc_pid_mountinfo(5)."""
    device = os.stat(path).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        fields, _, kind = line.partition(" - ")
        if fields.split()[2] == wanted:
            return kind.split()[0]
    return "unknown"


def _os_release(key: str) -> str:
    return platform.freedesktop_os_release().get(key, "")


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
