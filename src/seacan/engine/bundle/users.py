"""Who a process in a container is: `--user` looked up in the container's own passwd and group.

Those files come out of an image. They are read as bounded bytes and parsed here, never by the C
library: its name services would load code of the container (CVE-2019-14271). An id is a bounded
number, since one beyond 32 bits has meant root (CVE-2024-40635).
"""

import errno
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

import msgspec

from seacan.engine.bundle.overlay import reopen_regular
from seacan.errors import InvalidArgument
from seacan.files import read_bounded
from seacan.kernel import rooted
from seacan.spec import runtime

_FILE_LIMIT: Final = 1024 * 1024
_MAX_ID: Final = 2**31 - 1

# Opens a path of the container's root, read-only, without waiting; None if there is no such file.
OpenFile = Callable[[str], int | None]


class Accounts(msgspec.Struct, frozen=True):
    """The content of /etc/passwd and /etc/group; empty where there is no such file."""

    passwd: bytes = b""
    group: bytes = b""


class User(msgspec.Struct, frozen=True):
    uid: int
    gid: int
    additional_gids: tuple[int, ...]
    home: str

    def to_oci(self) -> runtime.User:
        return {"uid": self.uid, "gid": self.gid, "additionalGids": list(self.additional_gids)}


class _Account(msgspec.Struct, frozen=True):
    """A line of passwd: name:password:uid:gid:comment:home:shell."""

    name: str
    uid: int
    gid: int
    home: str


class _Group(msgspec.Struct, frozen=True):
    """A line of group: name:password:gid:member,member."""

    name: str
    gid: int
    members: tuple[str, ...]


def read_accounts(open_file: OpenFile) -> Accounts:
    """Read both files. Raises InvalidArgument for one that is too long."""
    return Accounts(_read(open_file, "/etc/passwd"), _read(open_file, "/etc/group"))


def _read(open_file: OpenFile, path: str) -> bytes:
    fd = open_file(path)
    return b"" if fd is None else read_bounded(fd, _FILE_LIMIT, path)


def in_root(root_fd: int) -> OpenFile:
    """Return what opens regular files below `root_fd`, the root of a container that runs."""

    def open_file(path: str) -> int | None:
        try:
            return reopen_regular(rooted.open_in_root(root_fd, path))
        except OSError as err:
            if err.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise

    return open_file


def find_user(spec: str, group_add: Sequence[str], accounts: Accounts) -> User:
    """Return the user of `spec`: empty (root), NAME, UID, NAME:GROUP, UID:GID and their mixtures.

    A number is an id, even where an account has it as its name. Supplementary groups are those that
    have the account as a member, unless `spec` names a group, and those of `group_add`; the main
    group is the first of them.
    Raises InvalidArgument in Docker's words.
    """
    name, _, group_name = spec.partition(":")
    account = _find_account(name or "0", accounts.passwd)
    if account is None and name and _number(name) is None:
        raise InvalidArgument(f"unable to find user {name}: no matching entries in passwd file")
    found = account or _Account("", _id(name or "0"), 0, "/")
    groups = list(_groups(accounts.group))
    if group_name:
        gid, member_of = _gid(group_name, groups), []
    else:
        gid, member_of = found.gid, [g.gid for g in groups if found.name in g.members]
    added = [_gid(text, groups) for text in group_add]
    return User(
        uid=_checked(found.uid),
        gid=_checked(gid),
        additional_gids=tuple(map(_checked, dict.fromkeys([gid, *member_of, *added]))),
        home=found.home or "/",
    )


def find_owner(spec: str, accounts: Accounts) -> tuple[int, int]:
    """Return uid and gid of `user[:group]` for files, as --chown has it.

    Without a group, a number is that of the group too, and a name that of the group of that name,
    or else the main one of the account; without a user, it is root. Raises InvalidArgument in
    Docker's words.
    """
    name, _, group = spec.partition(":")
    name = name or "0"
    account = _find_account(name, accounts.passwd)
    uid = _number(name) if account is None or _number(name) is not None else account.uid
    if uid is None:
        raise InvalidArgument(
            "unable to convert uid/gid chown string to host mapping: "
            f"can't find uid for user {name}: no such user: {name}"
        )
    gid = _number(group or name)
    if gid is None:
        wanted = group or name
        gid = next((g.gid for g in _groups(accounts.group) if g.name == wanted), None)
    if gid is None and not group and account is not None:
        gid = account.gid
    if gid is None:
        raise InvalidArgument(
            "unable to convert uid/gid chown string to host mapping: "
            f"can't find gid for group {group}: no such group: {group}"
        )
    return _checked(uid), _checked(gid)


def _find_account(text: str, passwd: bytes) -> _Account | None:
    uid = _number(text)
    for account in _accounts(passwd):
        if account.uid == uid if uid is not None else account.name == text:
            return account
    return None


def _gid(text: str, groups: Collection[_Group]) -> int:
    number = _number(text)
    if number is not None:
        return _checked(number)
    for group in groups:
        if group.name == text:
            return group.gid
    raise InvalidArgument(f"unable to find group {text}: no matching entries in group file")


def _accounts(passwd: bytes) -> Iterator[_Account]:
    for fields in _lines(passwd):
        name, _, uid, gid, _, home, *_ = [*fields, *[""] * 6]
        # A line whose ids are no numbers is left out; taken for 0, it would make a user root.
        if name and (number := _number(uid)) is not None and (group := _number(gid)) is not None:
            yield _Account(name, number, group, home)


def _groups(group: bytes) -> Iterator[_Group]:
    for fields in _lines(group):
        name, _, gid, members, *_ = [*fields, *[""] * 4]
        if name and (number := _number(gid)) is not None:
            yield _Group(name, number, tuple(filter(None, members.split(","))))


def _lines(data: bytes) -> Iterator[list[str]]:
    for line in data.decode(errors="surrogateescape").split("\n"):
        text = line.strip()
        if text and not text.startswith("#"):
            yield text.split(":")


def _number(text: str) -> int | None:
    """Return the decimal number that `text` is, or None. A huge one stays huge, out of range."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        return None
    return int(text) if len(digits) <= 20 else _MAX_ID + 1


def _id(text: str) -> int:
    number = _number(text)
    assert number is not None
    return _checked(number)


def _checked(number: int) -> int:
    if not 0 <= number <= _MAX_ID:
        raise InvalidArgument(f"uids and gids must be in range 0-{_MAX_ID}")
    return number
