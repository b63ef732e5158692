"""The members of an archive, put into a stage's root where COPY and ADD have them."""

import contextlib
import os
import posixpath
import stat

from seacan.build.modes import changed_mode
from seacan.build.worker_words import Place
from seacan.contents.paths import link_target
from seacan.errors import InvalidArgument
from seacan.images.tar import Kind, Member
from seacan.images.trees import remove_entry
from seacan.images.unpack import WHITEOUT, WHITEOUT_OPAQUE, Reader, Unpacking, inside
from seacan.kernel import rooted

_SET_ID = stat.S_ISUID | stat.S_ISGID
_NEW_DIRECTORY = 0o755


def find_place(root_fd: int, place: Place) -> tuple[str, str]:
    """Return the directory that members go to, without links, and the name that the one gets.

    The name is empty if members keep theirs. What is missing on the way is made; the directory
    itself, if it is new, belongs to the owner of what is copied. With `owns_parents`, all that is
    new does, and has the mode that is asked for. Raises InvalidArgument.
    """
    destination = "/" + posixpath.normpath(place["destination"]).lstrip("/")
    name = ""
    if not (place["is_directory"] or _is_directory(root_fd, destination)):
        destination, name = posixpath.split(destination)
    new = _missing(root_fd, destination) if place.get("owns_parents") else []
    is_new = not _is_directory(root_fd, destination)
    try:
        fd = rooted.open_directory(root_fd, destination)
    except OSError as err:
        raise InvalidArgument(f"cannot copy to {destination}: {err.strerror}") from err
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise InvalidArgument(f"cannot copy to non-directory: {destination}")
        if is_new and place["owner"]:
            os.chown(f"/proc/self/fd/{fd}", *place["owner"])
    finally:
        os.close(fd)
    for path in new:
        _give(root_fd, path, place)
    return link_target(root_fd, destination), name


def _missing(root_fd: int, destination: str) -> list[str]:
    """Return the directories that are to be made, the outermost first."""
    parts = destination.strip("/").split("/")
    paths = ["/" + "/".join(parts[: number + 1]) for number in range(len(parts))]
    return [path for path in paths if not _is_directory(root_fd, path)]


def _give(root_fd: int, path: str, place: Place) -> None:
    """Have a directory belong to who is to own the files, with the mode that they get."""
    fd = rooted.open_in_root(root_fd, path)
    try:
        opened = f"/proc/self/fd/{fd}"
        if place["owner"]:
            os.chown(opened, *place["owner"])
        if place["mode"]:
            os.chmod(opened, changed_mode(_NEW_DIRECTORY, place["mode"], is_directory=True))
    finally:
        os.close(fd)


def _is_directory(root_fd: int, path: str) -> bool:
    try:
        fd = rooted.open_in_root(root_fd, path)
    except OSError:
        return False
    try:
        return stat.S_ISDIR(os.fstat(fd).st_mode)
    finally:
        os.close(fd)


def is_empty(root_fd: int, directory: str) -> bool:
    fd = rooted.open_in_root(root_fd, directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return not os.listdir(fd)
    finally:
        os.close(fd)


def bring_up(root_fd: int, directory: str) -> None:
    """Have overlayfs copy a directory up, and those above it: it changes, as of now."""
    fd = rooted.open_in_root(root_fd, directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.utime(fd)
    finally:
        os.close(fd)


class Copying(Unpacking):
    """A name is a name, but for archives of layers: there some say what is taken away."""

    def __init__(
        self, root_fd: int, reader: Reader, directory: str, name: str, place: Place
    ) -> None:
        super().__init__(root_fd, reader)
        self._directory = directory.strip("/")
        self._name = name
        self._owner = place["owner"]
        self._mode = place["mode"]
        self._has_whiteouts = place["has_whiteouts"]

    def _path(self, member: Member) -> str:
        return self._below(self._name or inside(member.name))

    def _link_source(self, member: Member) -> str:
        return self._below(inside(member.link))

    def _below(self, name: str) -> str:
        return f"{self._directory}/{name}".strip("/")

    def _add(self, path: str, member: Member) -> None:
        if path == self._directory:
            return  # the destination stays as it is
        # 0:0 would be overlayfs' note that a name is taken away.
        if member.kind in (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE) and (
            self._owner is not None or member.device == (0, 0)
        ):
            raise InvalidArgument(f"cannot copy {member.name}: it is a device")
        parent, _, name = path.rpartition("/")
        parent_fd = self._open_parent(parent)
        if self._has_whiteouts and name.startswith(WHITEOUT):
            self._take_away(parent_fd, name)
        else:
            self._make(parent_fd, name, path, self._as_asked(member))

    def _take_away(self, parent_fd: int, name: str) -> None:
        """Remove what a whiteout names: of an opaque directory, all that is there by now."""
        if name == WHITEOUT_OPAQUE:
            fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=parent_fd)
            try:
                names = os.listdir(fd)
            finally:
                os.close(fd)
        else:
            names = [name.removeprefix(WHITEOUT)]
        for each in names:
            with contextlib.suppress(FileNotFoundError):
                remove_entry(parent_fd, each)
        self._forget_parent()

    def _as_asked(self, member: Member) -> Member:
        uid, gid = self._owner or (member.uid, member.gid)
        mode = member.mode
        if self._owner and member.kind is Kind.FILE:
            mode &= ~_SET_ID  # with another owner it would be another's rights
        if self._mode and member.kind is not Kind.SYMBOLIC_LINK:
            mode = changed_mode(mode, self._mode, is_directory=member.kind is Kind.DIRECTORY)
        return member._replace(mode=mode, uid=uid, gid=gid)
