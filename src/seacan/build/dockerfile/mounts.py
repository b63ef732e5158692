"""RUN --mount: what is mounted while a command runs."""

import csv
import posixpath
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from seacan.build.dockerfile.errors import Misplaced, suggestion
from seacan.byte_sizes import size_bytes
from seacan.errors import InvalidArgument


class MountType(StrEnum):
    BIND = "bind"
    CACHE = "cache"
    TMPFS = "tmpfs"
    SECRET = "secret"
    SSH = "ssh"


class Sharing(StrEnum):
    """How runs at the same time have a cache: together, one each, one after the other."""

    SHARED = "shared"
    PRIVATE = "private"
    LOCKED = "locked"


class Mount(msgspec.Struct, frozen=True):
    """A mount, with values for its variables; what is None was not given."""

    type: MountType = MountType.BIND
    origin: str = ""  # from=: a stage, an image, a context
    source: str = ""  # a path in what `origin` names
    target: str = ""  # empty: not given, and of a secret, that it is for the environment alone
    is_read_only: bool = True
    size_bytes: int = 0  # of a tmpfs; 0: no limit
    id: str = ""  # of a cache, a secret, an agent
    sharing: Sharing | None = None
    is_required: bool = False
    environment: str | None = None  # the variable that gets the secret
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None


_SYNONYMS: Final = {
    "src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite",
}  # fmt: skip
_KEYS: Final = (
    "type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode",
    "uid", "gid", "src", "dst", "destination", "ro", "rw", "readwrite", "env",
)  # fmt: skip
_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_FALSE: Final = ("0", "f", "F", "FALSE", "false", "False")


def origin_name(written: str) -> str:
    """Return what `from=` names; empty if nothing. Raises InvalidArgument."""
    name = ""
    for _, key, value in _fields(written):
        if key != "from":
            continue
        if "$" in value[:-1]:
            raise Misplaced(
                "'from' doesn't support variable expansion, define alias stage instead", value
            )
        name = value
    return name


def parse(written: str, expand: Callable[[str], str]) -> Mount:
    """Return the mount of `type=cache,target=/root/.cache`; `expand` gives values to variables.

    Raises InvalidArgument.
    """
    reading = _Reading()
    for field, key, value in _fields(written):
        known = _SYNONYMS.get(key, key)
        if "=" not in field and known not in ("readonly", "readwrite", "required"):
            raise Misplaced(f"invalid field '{field}' must be a key=value pair", field)
        read = _READERS.get(known)
        if read is None:
            meant = suggestion(key, _KEYS)
            raise Misplaced(f"unexpected key '{key}' in '{field}'{meant}", field)
        read(reading, key, expand(value) if "=" in field else "true")
    return _completed(reading)


def _fields(written: str) -> Iterator[tuple[str, str, str]]:
    """Give each field, its key in lower case, and its value."""
    try:
        fields = next(csv.reader([written], strict=True), [])
    except csv.Error as err:
        raise InvalidArgument(f"failed to parse csv mounts: {err}") from err
    for field in fields:
        key, _, value = field.partition("=")
        yield field, key.lower(), value


class _Reading:
    """A mount as it is read, field by field."""

    def __init__(self) -> None:
        self.mount = Mount()
        self.is_read_only: bool | None = None

    def take_type(self, _: str, value: str) -> None:
        if value.lower() not in list(MountType):
            meant = suggestion(value, MountType)
            raise Misplaced(f'unsupported mount type "{value}"{meant}', value)
        self.mount = replace(self.mount, type=MountType(value.lower()))

    def take_origin(self, _: str, value: str) -> None:
        self.mount = replace(self.mount, origin=value)

    def take_source(self, _: str, value: str) -> None:
        self.mount = replace(self.mount, source=value)

    def take_target(self, _: str, value: str) -> None:
        self.mount = replace(self.mount, target=value)

    def take_read_only(self, key: str, value: str) -> None:
        self.is_read_only = _truth(key, value)

    def take_writable(self, key: str, value: str) -> None:
        self.is_read_only = not _truth(key, value)

    def take_required(self, key: str, value: str) -> None:
        self._check_type(key, MountType.SECRET, MountType.SSH)
        self.mount = replace(self.mount, is_required=_truth(key, value))

    def take_size(self, key: str, value: str) -> None:
        self._check_type(key, MountType.TMPFS)
        try:
            self.mount = replace(self.mount, size_bytes=size_bytes(value, thousand=1024))
        except InvalidArgument:
            raise Misplaced(f"invalid value for {key}: {value}", value) from None

    def take_id(self, _: str, value: str) -> None:
        self.mount = replace(self.mount, id=value)

    def take_sharing(self, _: str, value: str) -> None:
        if value.lower() not in list(Sharing):
            meant = suggestion(value, Sharing)
            raise Misplaced(f'unsupported sharing value "{value}"{meant}', value)
        self.mount = replace(self.mount, sharing=Sharing(value.lower()))

    def take_mode(self, key: str, value: str) -> None:
        self.mount = replace(self.mount, mode=_number(key, value, base=8))

    def take_uid(self, key: str, value: str) -> None:
        self.mount = replace(self.mount, uid=_number(key, value))

    def take_gid(self, key: str, value: str) -> None:
        self.mount = replace(self.mount, gid=_number(key, value))

    def take_environment(self, _: str, value: str) -> None:
        self.mount = replace(self.mount, environment=value)

    def _check_type(self, key: str, *types: MountType) -> None:
        if self.mount.type not in types:
            raise Misplaced(f"unexpected key '{key}' for mount type '{self.mount.type}'", key)


_READERS: Final = {
    "type": _Reading.take_type,
    "from": _Reading.take_origin,
    "source": _Reading.take_source,
    "target": _Reading.take_target,
    "readonly": _Reading.take_read_only,
    "readwrite": _Reading.take_writable,
    "required": _Reading.take_required,
    "size": _Reading.take_size,
    "id": _Reading.take_id,
    "sharing": _Reading.take_sharing,
    "mode": _Reading.take_mode,
    "uid": _Reading.take_uid,
    "gid": _Reading.take_gid,
    "env": _Reading.take_environment,
}


def _completed(reading: _Reading) -> Mount:
    """Return the mount, checked as a whole, with what follows from its type."""
    mount = reading.mount
    if mount.type in (MountType.BIND, MountType.TMPFS):
        for name in ("mode", "uid", "gid"):
            if getattr(mount, name) is not None:
                raise Misplaced(f'{name} not allowed for "{mount.type}" type mounts', name)
    if mount.type != MountType.SECRET and mount.environment is not None:
        raise Misplaced(f"unexpected key 'env' for mount type '{mount.type}'", "env")
    is_writable = mount.type in (MountType.CACHE, MountType.TMPFS)
    is_read_only = not is_writable if reading.is_read_only is None else reading.is_read_only
    mount = replace(mount, is_read_only=is_read_only)
    if mount.sharing and mount.type != MountType.CACHE:
        if mount.type == MountType.SECRET:
            raise Misplaced("secret mount should not define sharing", "sharing")
        raise Misplaced(f"invalid cache sharing set for {mount.type} mount", "sharing")
    match mount.type:
        case MountType.SECRET:
            return _secret(mount)
        case MountType.SSH:
            return replace(mount, id=mount.id or "default")
        case MountType.CACHE:
            return replace(
                mount,
                id=mount.id or posixpath.normpath(mount.target),
                sharing=mount.sharing or Sharing.SHARED,
            )
    return mount


def _secret(mount: Mount) -> Mount:
    if mount.origin:
        raise Misplaced("secret mount should not have a from", "from")
    if mount.source and mount.id:
        raise InvalidArgument("both source and id can't be set")
    name = mount.source or mount.id or posixpath.basename(mount.target)
    if not name:
        raise InvalidArgument("invalid secret mount. one of source, target required")
    target, environment = mount.target, mount.environment
    if environment is None:
        target = target or f"/run/secrets/{posixpath.basename(name)}"
    return replace(mount, id=name, source="", target=target, environment=environment)


def below(mount: Mount, directory: str) -> Mount:
    """Return the mount with an absolute target: one that is relative is so to `directory`.

    An empty one is the directory itself, but of a secret for the environment alone and of ssh.
    Raises InvalidArgument.
    """
    if not mount.target and mount.type in (MountType.SECRET, MountType.SSH):
        return mount
    target = "/" + posixpath.normpath(posixpath.join("/", directory, mount.target)).lstrip("/")
    if target == "/":
        raise InvalidArgument('invalid mount target "/"')
    return replace(mount, target=target)


def _truth(key: str, value: str) -> bool:
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    raise Misplaced(f"invalid value for {key}: {value}", value)


def _number(key: str, value: str, base: int = 10) -> int:
    digits = "0123456789"[:base]
    if not value or value.strip(digits) or len(value) > 11 or int(value, base) >= 1 << 32:
        raise Misplaced(f"invalid value {value} for {key}", value)
    return int(value, base)
