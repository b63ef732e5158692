"""RUN --mount: what is mounted while a command runs."""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount, with values for its variables; what is None was not given."""

    type: MountType = MountType.BIND
    origin: str = ""  # from=: a stage, an image, a context
    source: str = ""  # a path in what `origin` names; of secret and ssh, the id
    target: str = ""
    is_read_only: bool = True
    size_bytes: int = 0  # of a tmpfs; 0: no limit
    id: str = ""
    sharing: Sharing = Sharing.SHARED
    is_required: bool = False
    environment: str | None = None  # env=: the variable that gets the secret; "" is its id
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
