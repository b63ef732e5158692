"""An OCI bundle: config.json, loaded and judged before anything is done.

What is wrong is InvalidArgument, what seacan does not do is Unsupported; both name the property.
Nothing that the specification knows is accepted and then ignored. Source: OCI runtime-spec 1.2,
config.md and config-linux.md.
"""

from __future__ import annotations

import os
import stat

from seacan import json_text
from seacan.errors import InvalidArgument, NotFound, Unsupported
from seacan.files import StrPath, absolute, read_bounded
from seacan.kernel import mounts
from seacan.kernel.mount_options import parse_options
from seacan.lean import cast
from seacan.records import record
from seacan.runtime import namespaces, personality, rlimits, scheduling, shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from seacan.spec.runtime import (
        Config,
        HookKind,
        Linux,
        LinuxNamespace,
        Mount,
        NamespaceType,
        Process,
    )

_MAX_CONFIG_BYTES: Final = 8 << 20
_MAX_MOUNTS: Final = 4096
_MAX_MAJOR: Final = (1 << 12) - 1  # linux/kdev_t.h, what mknod(2) can say
_MAX_MINOR: Final = (1 << 20) - 1
_MAX_HOSTNAME: Final = 64  # __NEW_UTS_LEN, linux/utsname.h

# Properties that are refused when they hold anything, by their path.
_UNSUPPORTED: Final = (
    ("linux", "netDevices"),
    ("linux", "intelRdt"),
)
_WITHOUT_DEVICE: Final = frozenset(
    ("bind", "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "overlay")
)
_ID_MAPS: Final = frozenset(("idmap", "ridmap"))


@record
class Bundle:
    """A directory with config.json; `rootfs` was one when looked at. Both paths are absolute."""

    path: str
    config: Config
    rootfs: str

    @property
    def linux(self) -> Linux:
        return self.config.get("linux", {})

    @property
    def process(self) -> Process:
        return self.config["process"]

    @property
    def mounts_block_device(self) -> bool:
        """Whether a mount is of a block device, as it is now."""
        return any(is_of_block_device(entry) for entry in self.config.get("mounts", []))

    @property
    def has_id_mapped_mounts(self) -> bool:
        return any(is_id_mapped(entry) for entry in self.config.get("mounts", []))

    def namespace(self, kind: NamespaceType) -> LinuxNamespace | None:
        """Return what the configuration asks of the namespace `kind`, None for the caller's own."""
        for namespace in self.linux.get("namespaces", []):
            if namespace["type"] == kind:
                return namespace
        return None

    def has_hooks(self, *kinds: HookKind) -> bool:
        """Tell whether there are hooks of one of `kinds`."""
        hooks = self.config.get("hooks", {})
        return any(hooks.get(kind) for kind in kinds)


def is_of_block_device(entry: Mount) -> bool:
    """Tell whether what is mounted is a block device with a file system, as it is now."""
    if entry.get("type") in _WITHOUT_DEVICE:
        return False
    try:
        return stat.S_ISBLK(os.stat(entry.get("source", "")).st_mode)
    except OSError:
        return False  # it is for the mount to fail, and to say why


def is_id_mapped(entry: Mount) -> bool:
    """Tell whether a mount is to show the owners of files as other ids."""
    return bool(entry.get("uidMappings")) or not _ID_MAPS.isdisjoint(entry.get("options", ()))


def load(directory: StrPath) -> Bundle:
    """Load the bundle in `directory`. Raises NotFound, InvalidArgument, Unsupported."""
    path = absolute(directory)
    config = check_config(read_json(f"{path}/config.json"))
    rootfs = absolute(path, config["root"]["path"])
    if not os.path.isdir(rootfs):
        raise InvalidArgument(f"root.path: not a directory: {rootfs}")
    return Bundle(path, config, rootfs)


def check_config(document: object) -> Config:
    """Return the configuration that the parsed JSON `document` holds."""
    config = cast("Config", shapes.check(document, shapes.CONFIG, ""))
    for check in _CHECKS:
        check(config)
    return config


def check_process(document: object) -> Process:
    """Return the process that the parsed JSON `document` holds, as for an exec."""
    process = shapes.check(document, shapes.PROCESS, "process")
    _refuse_unsupported({"process": process})
    _check_process({"process": process})
    return cast("Process", process)


def read_json(path: StrPath) -> Any:
    """Return the content of a JSON file of bounded size and depth."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError as err:
        raise NotFound(f"open {path}: no such file or directory") from err
    data = read_bounded(fd, _MAX_CONFIG_BYTES, str(path))
    try:
        return json_text.loads(data)
    except (ValueError, RecursionError) as err:
        raise InvalidArgument(f"{path}: not valid JSON: {err}") from err


def _refuse_unsupported(config: Mapping[str, Any]) -> None:
    for names in _UNSUPPORTED:
        value: Any = config
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if value:
            raise Unsupported(f"{'.'.join(names)}: not supported by this runtime")


def _check_version(config: Config) -> None:
    version = config.get("ociVersion", "")
    if not version.startswith("1."):
        raise InvalidArgument(f"ociVersion: not a version 1.x of the runtime-spec: {version!r}")


def _check_root(config: Config) -> None:
    if not config.get("root", {}).get("path"):
        raise InvalidArgument("root.path: missing")


def _check_process(config: Mapping[str, Any]) -> None:
    process = config.get("process")
    if process is None:
        raise InvalidArgument("process: missing")
    if not process.get("args"):
        raise InvalidArgument("process.args: empty")
    if not process.get("cwd", "").startswith("/"):
        raise InvalidArgument(f"process.cwd: not an absolute path: {process.get('cwd', '')!r}")
    size = process.get("consoleSize")
    if process.get("terminal") and size is not None and not {"height", "width"} <= size.keys():
        raise InvalidArgument("process.consoleSize: height or width is missing")
    for entry in process.get("env", []):
        if "=" not in entry[1:]:
            raise InvalidArgument(f"process.env: not NAME=VALUE: {entry!r}")
    rlimits.check(process.get("rlimits", []))
    scheduling.check(process)


def _check_names(config: Config) -> None:
    for name in (config.get("hostname", ""), config.get("domainname", "")):
        if len(name.encode()) > _MAX_HOSTNAME:
            raise InvalidArgument(f"hostname: longer than {_MAX_HOSTNAME} bytes: {name}")


def _check_mounts(config: Config) -> None:
    entries = config.get("mounts", [])
    if len(entries) > _MAX_MOUNTS:
        raise InvalidArgument(f"mounts: more than {_MAX_MOUNTS}")
    for entry in entries:
        _check_mount(entry)
        if is_id_mapped(entry) or entry.get("gidMappings"):
            _check_id_map(entry, config)


def _check_mount(entry: Mount) -> None:
    name = f"mount {entry.get('destination', '')}"
    if not entry.get("destination"):
        raise InvalidArgument("mounts: an entry without a destination")
    options = parse_options(entry.get("options", []))
    is_bind = options.is_bind or entry.get("type") == "bind"
    if options.is_remount and (options.copies_up or is_id_mapped(entry)):
        raise InvalidArgument(f"{name}: remount cannot be combined with tmpcopyup, idmap, ridmap")
    if options.copies_up and (is_bind or entry.get("type") != "tmpfs"):
        raise InvalidArgument(f"{name}: tmpcopyup is an option of tmpfs alone")
    if is_bind and not entry.get("source") and not options.is_remount:
        raise InvalidArgument(f"{name}: a bind mount without a source")
    if not is_bind and not entry.get("type") and not options.is_remount:
        raise InvalidArgument(f"{name}: neither a type nor a bind")


def _check_id_map(entry: Mount, config: Config) -> None:
    name = f"mount {entry['destination']}"
    if bool(entry.get("uidMappings")) != bool(entry.get("gidMappings")):
        raise InvalidArgument(f"{name}: uidMappings and gidMappings must be there together")
    if entry.get("type") != "bind" and not parse_options(entry.get("options", [])).is_bind:
        raise InvalidArgument(f"{name}: ids can be mapped of bind mounts alone")
    kinds = {namespace.get("type") for namespace in config.get("linux", {}).get("namespaces", [])}
    if not entry.get("uidMappings") and "user" not in kinds:
        raise InvalidArgument(
            f"{name}: idmap needs uidMappings and gidMappings, or a user namespace of the container"
        )


def _check_paths(config: Config) -> None:
    linux = config.get("linux", {})
    for name in ("maskedPaths", "readonlyPaths"):
        for path in cast("list[str]", linux.get(name, [])):
            if not path.startswith("/"):
                raise InvalidArgument(f"linux.{name}: not an absolute path: {path!r}")
    propagation = linux.get("rootfsPropagation", "")
    if propagation and propagation.removeprefix("r") not in mounts.PROPAGATION:
        raise InvalidArgument(f"linux.rootfsPropagation: unknown: {propagation!r}")


def _check_execution(config: Config) -> None:
    """Check what linux says of each process: the rest of it is the container's."""
    linux = config.get("linux", {})
    if (policy := linux.get("memoryPolicy")) is not None:
        scheduling.check_memory_policy(policy)
    if linux.get("personality") is not None:
        personality.check(linux["personality"])


def _check_devices(config: Config) -> None:
    for device in config.get("linux", {}).get("devices", []):
        path = device.get("path", "")
        if not path.startswith("/") or os.path.basename(path) in ("", ".", ".."):
            raise InvalidArgument(f"linux.devices: not the absolute path of a file: {path!r}")
        if device.get("type") not in ("c", "b", "u", "p"):
            raise InvalidArgument(f"linux.devices: {path}: unknown type: {device.get('type')!r}")
        if device["type"] != "p":
            _check_number(path, "major", device.get("major"), _MAX_MAJOR)
            _check_number(path, "minor", device.get("minor"), _MAX_MINOR)


def _check_number(path: str, name: str, number: int | None, most: int) -> None:
    if number is None or not 0 <= number <= most:
        raise InvalidArgument(f"linux.devices: {path}: {name} is not from 0 to {most}: {number}")


def _check_hooks(config: Config) -> None:
    if config.get("hooks"):
        from seacan.runtime import hooks  # most containers have none

        hooks.check(config["hooks"])


_CHECKS: Final[tuple[Callable[[Config], None], ...]] = (
    _check_version,
    _refuse_unsupported,
    _check_root,
    _check_process,
    namespaces.check,
    _check_names,
    _check_mounts,
    _check_paths,
    _check_devices,
    _check_execution,
    _check_hooks,
)
