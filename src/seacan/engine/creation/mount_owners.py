"""Beyond Docker: who owns what is mounted, among the options of -v and of a Mount.

uid=N gid=N mode=OCTAL   of the directory itself: of a volume while it is empty, of a bind's
                         source where it is made, of a tmpfs always
idmap=uids=F-T-N;gids=…  ids from F on, N of them, are shown as T and on, as crun has it; more
                         ranges follow a `#`, and without `gids` groups are shown as users are
"""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from seacan.errors import InvalidArgument
from seacan.runtime import idmaps
from seacan.spec.runtime import IDMapping

NAMES: Final = ("uid", "gid", "mode", "idmap")
_MOST: Final = 2**32 - 2  # the last number, -1, is none
_MODE_LIMIT: Final = 0o7777


class Owner(msgspec.Struct, frozen=True):
    """What is None or empty stays as it is; a range of ids is (on disk, shown, how many)."""

    uid: int | None = None
    gid: int | None = None
    mode: int | None = None
    uids: tuple[tuple[int, int, int], ...] = ()
    gids: tuple[tuple[int, int, int], ...] = ()

    @property
    def has_attributes(self) -> bool:
        return (self.uid, self.gid, self.mode) != (None, None, None)

    def give(self, directory: Path) -> None:
        """Give a directory its attributes. Raises OSError."""
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            status = os.fstat(fd)
            uid = status.st_uid if self.uid is None else self.uid
            gid = status.st_gid if self.gid is None else self.gid
            os.fchown(fd, uid, gid)
            # A change of owner takes set-group-ID away.
            os.fchmod(fd, stat.S_IMODE(status.st_mode) if self.mode is None else self.mode)
        finally:
            os.close(fd)

    def to_tmpfs(self) -> list[str]:
        """Return the options of a tmpfs. Raises InvalidArgument if ids are to be mapped."""
        if self.uids:
            raise InvalidArgument("idmap is for binds and volumes")
        texts = (("uid", "d", self.uid), ("gid", "d", self.gid), ("mode", "o", self.mode))
        return [f"{name}={value:{form}}" for name, form, value in texts if value is not None]


def parse(options: Iterable[str]) -> Owner:
    """Return what those of `options` say that are of NAMES. Raises InvalidArgument."""
    given = dict(option.partition("=")[::2] for option in options)
    uids, gids = _id_map(given["idmap"]) if "idmap" in given else ((), ())
    return Owner(
        uid=_number(given, "uid", 10, _MOST),
        gid=_number(given, "gid", 10, _MOST),
        mode=_number(given, "mode", 8, _MODE_LIMIT),
        uids=uids,
        gids=gids,
    )


def _number(given: dict[str, str], name: str, base: int, most: int) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise InvalidArgument(f"invalid {name}: {text}")
    try:
        number = int(text, base)
    except ValueError:
        raise InvalidArgument(f"invalid {name}: {text}") from None
    if number > most:
        raise InvalidArgument(f"invalid {name}: {text}")
    return number


Ranges = tuple[tuple[int, int, int], ...]


def _id_map(text: str) -> tuple[Ranges, Ranges]:
    kinds: dict[str, Ranges] = {}
    for part in text.split(";"):
        kind, equals, ranges = part.partition("=")
        if not equals or kind not in ("uids", "gids") or kind in kinds:
            raise InvalidArgument(f"invalid idmap: {text}: uids=FROM-TO-COUNT is wanted")
        kinds[kind] = tuple(_range(text, one) for one in ranges.split("#"))
        idmaps.check(f"idmap {kind}", mappings(kinds[kind]))
    if "uids" not in kinds:
        raise InvalidArgument(f"invalid idmap: {text}: there are no uids")
    return kinds["uids"], kinds.get("gids", kinds["uids"])


def _range(whole: str, text: str) -> tuple[int, int, int]:
    numbers = text.split("-")
    if len(numbers) != 3 or not all(n.isascii() and n.isdecimal() and len(n) < 11 for n in numbers):
        raise InvalidArgument(f"invalid idmap: {whole}: {text} is not FROM-TO-COUNT")
    first, shown, count = map(int, numbers)
    return first, shown, count


def mappings(ranges: Sequence[tuple[int, int, int]]) -> list[IDMapping]:
    """Return ranges as an OCI mount has them."""
    return [
        {"containerID": first, "hostID": shown, "size": count} for first, shown, count in ranges
    ]
