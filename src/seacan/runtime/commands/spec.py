"""spec: a config.json to begin with, that runs `sh` in a directory `rootfs`."""

import json
import os
from pathlib import Path
from typing import Any, Final

from seacan.errors import Conflict
from seacan.runtime.commandline import Options
from seacan.spec.oci_version import OCI_VERSION
from seacan.spec.runtime import Config, Linux, Mount, Process

_CAPABILITIES: Final = ("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE")
_MASKED: Final = (
    *("/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys"),
    *("/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug"),
    *("/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"),
)
_READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def run(options: Options) -> int:
    path = Path(options.bundle or ".") / "config.json"
    config = rootless(example()) if options.rootless else example()
    try:
        with path.open("x") as file:
            file.write(json.dumps(config, indent="\t") + "\n")
    except FileExistsError as err:
        raise Conflict(f"spec: {path} exists; remove it first") from err
    return 0


def example() -> Config:
    """Return a configuration with a terminal, read-only, and with few capabilities."""
    return {
        "ociVersion": OCI_VERSION,
        "process": _process(),
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "seacan",
        "mounts": _mounts(),
        "linux": _linux("pid", "network", "ipc", "uts", "mount", "cgroup"),
    }


def rootless(config: Config) -> Config:
    """Return `config` for the caller, who is root in a user namespace of its own.

    It has the host's network, so its sysfs is the host's, no limits, and no group but one.
    """
    linux = _linux("pid", "ipc", "uts", "mount", "cgroup", "user")
    del linux["resources"]
    linux["uidMappings"] = [{"containerID": 0, "hostID": os.geteuid(), "size": 1}]
    linux["gidMappings"] = [{"containerID": 0, "hostID": os.getegid(), "size": 1}]
    mounts = [_rootless_mount(entry) for entry in config["mounts"]]
    return {**config, "mounts": mounts, "linux": linux}


def _rootless_mount(entry: Mount) -> Mount:
    if entry["destination"] == "/sys":
        options = ["rbind", *entry["options"]]
        return {"destination": "/sys", "type": "none", "source": "/sys", "options": options}
    kept = [text for text in entry.get("options", []) if text.partition("=")[0] not in _IDS]
    return {**entry, "options": kept}


_IDS: Final = ("uid", "gid")


def _process() -> Process:
    sets: dict[str, Any] = {
        kind: list(_CAPABILITIES) for kind in ("bounding", "effective", "permitted")
    }
    search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "terminal": True,
        "user": {"uid": 0, "gid": 0},
        "args": ["sh"],
        "env": [f"PATH={search}", "TERM=xterm"],
        "cwd": "/",
        "capabilities": sets,  # type: ignore[typeddict-item]
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "noNewPrivileges": True,
    }


def _mounts() -> list[Mount]:
    safe = ("nosuid", "noexec", "nodev")
    return [
        _mount("/proc", "proc"),
        _mount("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount(
            "/dev/pts",
            "devpts",
            *("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
        ),
        _mount("/dev/shm", "tmpfs", *safe, "mode=1777", "size=65536k"),
        _mount("/dev/mqueue", "mqueue", *safe),
        _mount("/sys", "sysfs", *safe, "ro"),
        _mount("/sys/fs/cgroup", "cgroup", *safe, "relatime", "ro"),
    ]


def _mount(destination: str, kind: str, *options: str) -> Mount:
    return {"destination": destination, "type": kind, "source": kind, "options": list(options)}


def _linux(*namespaces: str) -> Linux:
    return {
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "namespaces": [{"type": kind} for kind in namespaces],  # type: ignore[typeddict-item]
        "maskedPaths": list(_MASKED),
        "readonlyPaths": list(_READ_ONLY),
    }
