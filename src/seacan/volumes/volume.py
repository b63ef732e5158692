"""A volume as the daemon knows it, and what it may be called."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from seacan.errors import InvalidArgument

ANONYMOUS: Final = "com.docker.volume.anonymous"  # a label of volumes that nobody named
LOCAL: Final = "local"  # the driver that is the daemon itself
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_NAME_LIMIT: Final = 254  # NAME_MAX, and a dot before it: local.py


class Volume(msgspec.Struct, frozen=True):
    """The record of a volume; `options` are its driver's. Null and empty are told apart, as asked.

    `created_at` is RFC 3339 in UTC, whole seconds. `renamed_from` is its name before the last one,
    which its directory may still have after a crash.
    """

    name: str
    driver: str
    created_at: str
    labels: Mapping[str, str] | None = None
    options: Mapping[str, str] | None = None
    renamed_from: str = ""


class Found(msgspec.Struct, frozen=True):
    """A volume and where it is; `holders` are the ids of the containers that have it.

    `scope` and `status` are what its driver says of it; None if it says nothing.
    """

    volume: Volume
    mountpoint: str
    holders: Sequence[str]
    scope: str = "local"
    status: Mapping[str, Any] | None = None


def is_name(text: str) -> bool:
    """Tell whether a volume, or what makes one, can be called so."""
    return _NAME.fullmatch(text) is not None


def check_name(name: str) -> None:
    """Raise InvalidArgument, in Docker's words, for what a volume cannot be called."""
    if len(name) == 1:
        raise InvalidArgument(
            f"create {name}: volume name is too short, "
            "names should be at least two alphanumeric characters"
        )
    if not is_name(name):
        raise InvalidArgument(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. '
            "If you intended to pass a host directory, use absolute path"
        )
    if len(name) > _NAME_LIMIT:
        raise InvalidArgument(f"create {name}: volume name is longer than {_NAME_LIMIT} characters")
