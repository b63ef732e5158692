"""What a request mounts into a container: `Binds` (-v), `Mounts` (--mount), `Tmpfs` (--tmpfs)."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import field

from seacan.engine.creation import mount_owners, tmpfs
from seacan.engine.creation.mount_owners import Owner
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import BindOptions, HostConfig, Mount
from seacan.volumes.volume import LOCAL, check_name

_PROPAGATIONS: Final = ("private", "rprivate", "slave", "rslave", "shared", "rshared")
# Options of -v by kind; of a kind there may be one. Labels mean nothing without SELinux, and
# consistency nothing outside Docker Desktop.
_MODES: Final = (
    ("ro", "rw"),
    ("z", "Z"),
    _PROPAGATIONS,
    ("nocopy",),
    ("consistent", "cached", "delegated"),
)

_MOST: Final = 4096  # each is worked on in turn, and a volume made for it


class MountPoint(msgspec.Struct, frozen=True):
    """One mount at `destination`, absolute and clean.

    `mode` is what stood after the second colon of -v. `read_only` says how far a read-only bind
    reaches: `rro` over the mounts below it too. `makes_source` tells to make a missing source
    directory at the start. `tmpfs_options` are ready for the runtime. Of an image `name` is what it
    was asked for by, `source` its id, and `subpath` the directory in it.

    A volume has a `name` once it is made, and `is_named` if the request gave it; `copies_up` tells
    to fill it with what the image has at the destination, and `subpath` is the directory or file of
    it that is mounted. One that is not there yet is made of `driver`, `driver_options`, `labels`.
    `owner` is for binds and volumes. A bind that `is_ours` is of the daemon's own, not of the host.
    """

    type: Literal["bind", "tmpfs", "volume", "image"]
    destination: str
    source: str = ""
    mode: str = ""
    is_writable: bool = True
    read_only: Literal["ro", "rro"] = "rro"
    propagation: str = ""
    is_recursive: bool = True
    makes_source: bool = False
    tmpfs_options: tuple[str, ...] = ()
    name: str = ""
    copies_up: bool = True
    subpath: str = ""
    is_named: bool = False
    driver: str = ""
    driver_options: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: Owner = field(default_factory=Owner)
    is_ours: bool = False

    def to_wire(self) -> dict[str, Any]:
        """Return the entry of `Mounts` in an inspected container."""
        is_volume = self.type == "volume"
        return {
            "Type": self.type,
            **({"Name": self.name} if self.name else {}),
            "Source": self.source,
            "Destination": self.destination,
            **({"Driver": self.driver or LOCAL} if is_volume else {}),
            "Mode": self.mode,
            "RW": self.is_writable,
            "Propagation": self.propagation,
        }


def to_wire(points: Iterable[MountPoint], host_config: HostConfig) -> list[dict[str, Any]]:
    """Return `Mounts` of an inspected container: all but those that stand in `Tmpfs`."""
    tmpfs_only = set(map(clean, host_config.get("Tmpfs") or {}))
    return [point.to_wire() for point in points if point.destination not in tmpfs_only]


def parse(host_config: HostConfig, others: Iterable[MountPoint] = ()) -> tuple[MountPoint, ...]:
    """Return the mounts that `host_config` asks for, and those of `others` at other places.

    Raises InvalidArgument in Docker's words.
    """
    points: dict[str, MountPoint] = {}
    for point in _all(host_config):
        if point.destination in points:
            raise InvalidArgument(f"Duplicate mount point: {point.destination}")
        points[point.destination] = point
        check_count(len(points))
    return (*points.values(), *(p for p in others if p.destination not in points))


def check_count(mounts: int) -> None:
    """Raise InvalidArgument for more mounts than a container may have."""
    if mounts > _MOST:
        raise InvalidArgument(f"a container has {_MOST} mounts at most")


def _all(host_config: HostConfig) -> Iterator[MountPoint]:
    for destination, options in (host_config.get("Tmpfs") or {}).items():
        _check_destination(destination)
        yield MountPoint("tmpfs", clean(destination), tmpfs_options=tmpfs.merge(options.split(",")))
    driver = host_config.get("VolumeDriver") or ""
    for raw in host_config.get("Binds") or []:
        yield parse_bind(raw, driver)
    for mount in host_config.get("Mounts") or []:
        yield parse_mount(mount)


def clean(path: str) -> str:
    """Return the absolute `path` without `.`, `..` and doubled slashes."""
    return "/" + os.path.normpath(path).lstrip("/")


# --- Binds ------------------------------------------------------------------------------------


def parse_bind(raw: str, driver: str = "") -> MountPoint:
    """Return the mount of -v SOURCE:DESTINATION[:MODE]; `driver` makes the volume, if it is one."""
    invalid = InvalidArgument(f"invalid volume specification: '{raw}'")
    parts = raw.split(":", 3)
    if not parts[0] or len(parts) > 3 or (len(parts) == 2 and _is_mode(parts[1])):
        raise invalid
    mode = parts[2] if len(parts) == 3 else ""
    if not _is_mode(mode):
        raise InvalidArgument(f"invalid mode: {mode}")
    source, destination = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
    kind = "bind" if source.startswith("/") else "volume"
    try:
        _check_destination(destination)
        if kind == "bind" and "nocopy" in mode.split(","):
            raise InvalidArgument("field VolumeOptions must not be specified")
    except InvalidArgument as err:
        raise InvalidArgument(f'{invalid}: invalid mount config for type "{kind}": {err}') from None
    if kind == "volume":
        return _volume_of_mode(source, destination, mode, driver)
    return _bind_of_mode(source, destination, mode)


def _bind_of_mode(source: str, destination: str, mode: str) -> MountPoint:
    options = mode.split(",")
    propagation = next((option for option in options if option in _PROPAGATIONS), "")
    return MountPoint(
        "bind",
        clean(destination),
        source=clean(source),
        mode=mode,
        is_writable="ro" not in options,
        propagation=propagation,
        makes_source=True,
        owner=_owner(options),
    )


def _is_mode(text: str) -> bool:
    """Tell whether `text` is a list of mount modes, each of another kind; so is nothing at all."""
    if not text:
        return True
    kinds = [_kind(option) for option in text.split(",")]
    return "" not in kinds and len(set(kinds)) == len(kinds)


def _kind(option: str) -> str:
    """Return what an option is about, the empty string for none that there is."""
    name, equals, _ = option.partition("=")
    if equals:
        return name if name in mount_owners.NAMES else ""
    return next((modes[0] for modes in _MODES if option in modes), "")


def _owner(options: Iterable[str]) -> Owner:
    return mount_owners.parse(option for option in options if "=" in option)


def _volume_of_mode(name: str, destination: str, mode: str, driver: str) -> MountPoint:
    options = mode.split(",")
    if name:
        check_name(name)
    return MountPoint(
        "volume",
        clean(destination),
        mode=mode or "z",
        is_writable="ro" not in options,
        copies_up="nocopy" not in options,
        name=name,
        is_named=bool(name),
        driver=driver,
        owner=_owner(options),
    )


# --- Mounts -----------------------------------------------------------------------------------


def parse_mount(mount: Mount) -> MountPoint:
    """Return the mount of --mount type=…; a missing source of a bind is an error here."""
    kind = mount.get("Type") or ""
    for option, of_kind in (
        ("VolumeOptions", "volume"),
        ("BindOptions", "bind"),
        ("TmpfsOptions", "tmpfs"),
    ):
        if mount.get(option) is not None and kind != of_kind:
            raise InvalidArgument(f'{option} must not be specified on mount type "{kind}"')
    try:
        _check_target(mount.get("Target") or "")
        if kind == "bind":
            return _bind_mount(mount)
        if kind == "tmpfs":
            return _tmpfs_mount(mount)
        if kind == "volume":
            point = _volume_mount(mount)
        elif kind == "image":
            return _image_mount(mount)
        else:
            raise InvalidArgument("mount type unknown")
    except InvalidArgument as err:
        raise InvalidArgument(f'invalid mount config for type "{kind}": {err}') from None
    if point.name:
        check_name(point.name)
    return point


def _image_mount(mount: Mount) -> MountPoint:
    _refuse_field(mount, "OwnerOptions")
    if not mount.get("Source"):
        raise InvalidArgument("field Source must not be empty")
    subpath = (mount.get("ImageOptions") or {}).get("Subpath") or ""
    if subpath.startswith("/") or ".." in subpath.split("/"):
        raise InvalidArgument(f"invalid subpath: {subpath}: it must stay within the image")
    return MountPoint(
        "image",
        clean(mount.get("Target") or ""),
        is_writable=False,
        propagation="rprivate",
        name=mount.get("Source") or "",
        subpath=subpath,
    )


def _volume_mount(mount: Mount) -> MountPoint:
    name, options = mount.get("Source") or "", mount.get("VolumeOptions") or {}
    driver = options.get("DriverConfig") or {}
    subpath = options.get("Subpath") or ""
    _refuse_field(mount, "ImageOptions")
    if not name and mount.get("ReadOnly"):
        raise InvalidArgument("must not set ReadOnly mode when using anonymous volumes")
    if not name and subpath:
        raise InvalidArgument("must not set Subpath when using anonymous volumes")
    if subpath and not _is_within(subpath):
        raise InvalidArgument("subpath must be a relative path within the volume")
    return MountPoint(
        "volume",
        clean(mount.get("Target") or ""),
        mode="z",
        is_writable=not mount.get("ReadOnly"),
        copies_up=not options.get("NoCopy"),
        subpath=subpath,
        name=name,
        is_named=bool(name),
        driver=driver.get("Name") or "",
        driver_options=driver.get("Options") or {},
        labels=options.get("Labels") or {},
        owner=_mount_owner(mount),
    )


def _mount_owner(mount: Mount) -> Owner:
    options = mount.get("OwnerOptions") or []
    for option in options:
        if option.partition("=")[0] not in mount_owners.NAMES:
            raise InvalidArgument(f"invalid OwnerOptions: {option}")
    return mount_owners.parse(options)


def _is_within(path: str) -> bool:
    path = os.path.normpath(path)
    return not (path.startswith("/") or path == ".." or path.startswith("../"))


def _bind_mount(mount: Mount) -> MountPoint:
    source = mount.get("Source") or ""
    options = mount.get("BindOptions") or {}
    is_writable = not mount.get("ReadOnly")
    makes_source = bool(options.get("CreateMountpoint"))
    propagation = options.get("Propagation") or ""
    _refuse_field(mount, "ImageOptions")
    if not source:
        raise InvalidArgument("field Source must not be empty")
    if propagation and propagation not in _PROPAGATIONS:
        raise InvalidArgument(f"invalid propagation mode: {propagation}")
    _check_absolute(source)
    if not makes_source and not os.path.exists(source):
        raise InvalidArgument(f"bind source path does not exist: {source}")
    return MountPoint(
        "bind",
        clean(mount.get("Target") or ""),
        source=clean(source),
        is_writable=is_writable,
        read_only=_read_only(options, is_writable=is_writable),
        propagation=propagation,
        is_recursive=not options.get("NonRecursive"),
        makes_source=makes_source,
        owner=_mount_owner(mount),
    )


def _read_only(options: BindOptions, *, is_writable: bool) -> Literal["ro", "rro"]:
    top_only = bool(options.get("ReadOnlyNonRecursive"))
    force = bool(options.get("ReadOnlyForceRecursive"))
    for name, is_set in (("ReadOnlyNonRecursive", top_only), ("ReadOnlyForceRecursive", force)):
        if is_set and is_writable:
            raise InvalidArgument(f"mount options conflict: !ReadOnly && BindOptions.{name}")
    if top_only and force:
        raise InvalidArgument(
            "mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive"
        )
    return "ro" if top_only else "rro"


def _tmpfs_mount(mount: Mount) -> MountPoint:
    _refuse_field(mount, "ImageOptions")
    if mount.get("Source"):
        raise InvalidArgument("field Source must not be specified")
    options = [*_mount_owner(mount).to_tmpfs(), *tmpfs.of_mount(mount.get("TmpfsOptions") or {})]
    if mount.get("ReadOnly"):
        options = ["ro", *options]
    return MountPoint(
        "tmpfs",
        clean(mount.get("Target") or ""),
        is_writable=not mount.get("ReadOnly"),
        tmpfs_options=tmpfs.merge(options),
    )


# --- both -------------------------------------------------------------------------------------


def _check_target(target: str) -> None:
    if not target:
        raise InvalidArgument("field Target must not be empty")
    _check_destination(target)


def _check_destination(destination: str) -> None:
    if clean(destination) == "/" and destination.startswith("/"):
        raise InvalidArgument("invalid specification: destination can't be '/'")
    _check_absolute(destination)


def _check_absolute(path: str) -> None:
    if not path.startswith("/"):
        raise InvalidArgument(f"invalid mount path: '{path}' mount path must be absolute")


def _refuse_field(mount: Mount, field: str) -> None:
    values: Mapping[str, Any] = mount
    if values.get(field) is not None:
        raise InvalidArgument(f"field {field} must not be specified")
