"""--userns-remap: whose subordinate ids containers get, of /etc/subuid and /etc/subgid.

USER, USER:GROUP, or ids of them; `default` is the user dockremap. Source: subuid(5), dockerd(8).
"""

import grp
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from seacan.errors import InvalidArgument
from seacan.spec.runtime import IDMapping
from seacan.supervisor.protocol import IdMap

_DEFAULT: Final = "dockremap"
_LIMIT_BYTES: Final = 1 << 20
_IDS: Final = 2**32 - 1  # the last one stands for none


def parse(text: str, etc: Path = Path("/etc")) -> IdMap:
    """Return the mappings of `text`. Raises InvalidArgument for whom nothing is known of."""
    user, _, group = (_DEFAULT if text == "default" else text).partition(":")
    if not user or ":" in group:
        raise InvalidArgument(f'Invalid user/group specification in --userns-remap: "{text}"')
    return IdMap(
        uids=_mappings(etc / "subuid", _user(user)),
        gids=_mappings(etc / "subgid", _group(group) if group else _user(user)),
    )


def _user(text: str) -> set[str]:
    """Return name and id of a user, either of which a line may be of."""
    try:
        found = pwd.getpwuid(int(text)) if text.isdecimal() else pwd.getpwnam(text)
    except (KeyError, OverflowError):
        return {text}
    return {found.pw_name, str(found.pw_uid)}


def _group(text: str) -> set[str]:
    try:
        found = grp.getgrgid(int(text)) if text.isdecimal() else grp.getgrnam(text)
    except (KeyError, OverflowError):
        return {text}
    return {found.gr_name, str(found.gr_gid)}


def _mappings(path: Path, names: set[str]) -> list[IDMapping]:
    """Return the ranges of one of `names`, one behind the other from 0 on."""
    mappings: list[IDMapping] = []
    first = 0
    for start, size in _ranges(path, names):
        mappings.append(IDMapping(containerID=first, hostID=start, size=size))
        first += size
    if not mappings:
        name = min(names, key=str.isdecimal)
        raise InvalidArgument(
            f"no subordinate ids of {name} in {path}: add a line such as {name}:100000:65536"
        )
    return mappings


def _ranges(path: Path, names: set[str]) -> Iterator[tuple[int, int]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_LIMIT_BYTES).splitlines()
    except OSError as err:
        raise InvalidArgument(f"open {path}: {err.strerror}") from err
    for line in lines:
        name, _, numbers = line.strip().partition(":")
        start, _, size = numbers.partition(":")
        if name in names:
            are_numbers = start.isdecimal() and size.isdecimal()
            if not (are_numbers and 0 < int(size) <= _IDS - int(start)):
                raise InvalidArgument(f"{path}: not NAME:FIRST:COUNT: {line}")
            yield int(start), int(size)
