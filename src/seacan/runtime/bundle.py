"""An OCI bundle: config.json, loaded and judged before anything is done.

What is wrong is InvalidArgument, what seacan does not do is Unsupported; both name the property.
Nothing that the specification knows is accepted and then ignored. Source: OCI runtime-spec 1.2,
config.md and config-linux.md.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from seacan.errors import InvalidArgument, NotFound, Unsupported
from seacan.files import read_bounded
from seacan.kernel import capabilities, mounts
from seacan.runtime import namespaces, personality, rlimits, scheduling, shapes
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
_MAX_HOSTNAME: Final = 64  # __NEW_UTS_LEN, linux/utsname.h

# Properties that are refused when they hold anything, by their path.
_UNSUPPORTED: Final = (
    ("linux", "netDevices"),
    ("linux", "intelRdt"),
)
_UNSUPPORTED_MOUNT: Final = ("uidMappings", "gidMappings")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A directory with config.json; `rootfs` is absolute and was a directory when looked at."""

    path: Path
    config: Config
    rootfs: Path

    @property
    def linux(self) -> Linux:
        return self.config.get("linux", {})

    @property
    def process(self) -> Process:
        return self.config["process"]

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


def load(path: Path) -> Bundle:
    """Load the bundle in directory `path`. Raises NotFound, InvalidArgument, Unsupported."""
    path = path.absolute()
    config = check_config(_read(path / "config.json"))
    rootfs = path / config["root"]["path"]
    if not rootfs.is_dir():
        raise InvalidArgument(f"root.path: not a directory: {rootfs}")
    return Bundle(path, config, rootfs)


def check_config(document: object) -> Config:
    """Return the configuration that the parsed JSON `document` holds."""
    config = cast(Config, shapes.check(document, shapes.CONFIG, ""))
    for check in _CHECKS:
        check(config)
    return config


def check_process(document: object) -> Process:
    """Return the process that the parsed JSON `document` holds, as for an exec."""
    process = shapes.check(document, shapes.PROCESS, "process")
    _refuse_unsupported({"process": process})
    _check_process({"process": process})
    return cast(Process, process)


def read_json(path: Path) -> Any:
    """Return the content of a JSON file of bounded size and depth."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError as err:
        raise NotFound(f"open {path}: no such file or directory") from err
    data = read_bounded(fd, _MAX_CONFIG_BYTES, str(path))
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as err:
        raise InvalidArgument(f"{path}: not valid JSON: {err}") from err


def _read(path: Path) -> Any:
    return read_json(path)


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
    for kind, names in process.get("capabilities", {}).items():
        for name in names:
            if name not in capabilities.NUMBERS:
                raise InvalidArgument(f"process.capabilities.{kind}: unknown capability: {name}")
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


def _check_mount(entry: Mount) -> None:
    name = f"mount {entry.get('destination', '')}"
    if not entry.get("destination"):
        raise InvalidArgument("mounts: an entry without a destination")
    if any(entry.get(key) for key in _UNSUPPORTED_MOUNT):
        raise Unsupported(f"{name}: id-mapped mounts are not supported by this runtime")
    for option in entry.get("options", []):
        if option.partition("=")[0] in mounts.UNSUPPORTED_OPTIONS:
            raise Unsupported(f"{name}: option {option} is not supported by this runtime")
    options = mounts.parse_options(entry.get("options", []))
    is_bind = options.is_bind or entry.get("type") == "bind"
    if is_bind and not entry.get("source"):
        raise InvalidArgument(f"{name}: a bind mount without a source")
    if is_bind and options.data:
        raise InvalidArgument(f"{name}: not an option of a bind mount: {options.data[0]}")
    if not is_bind and not entry.get("type"):
        raise InvalidArgument(f"{name}: neither a type nor a bind")


def _check_paths(config: Config) -> None:
    linux = config.get("linux", {})
    for name in ("maskedPaths", "readonlyPaths"):
        for path in cast(list[str], linux.get(name, [])):
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
        if not path.startswith("/"):
            raise InvalidArgument(f"linux.devices: not an absolute path: {path!r}")
        if device.get("type") not in ("c", "b", "u", "p"):
            raise InvalidArgument(f"linux.devices: {path}: unknown type: {device.get('type')!r}")


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
