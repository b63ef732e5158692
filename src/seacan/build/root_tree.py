"""The root of a stage or an image as a tree to select from, its files read by descriptor."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator

from seacan.build.selection import Chosen
from seacan.contents.paths import link_target
from seacan.contents.sending import Archive
from seacan.contents.walk import Entry, Walk, list_names
from seacan.kernel import rooted

_CHUNK_BYTES = 1 << 20


class RootTree:
    """An entry is open until the next is asked for."""

    def __init__(self, root_fd: int) -> None:
        self._root_fd = root_fd
        self._last = -1

    def lookup(self, path: str) -> str | None:
        target = link_target(self._root_fd, f"/{path}").strip("/")
        try:
            os.close(self._open(target))
        except OSError:
            return None
        return target

    def is_directory(self, path: str) -> bool:
        return stat.S_ISDIR(self.entry(path).status.st_mode)

    def names(self, path: str) -> list[str]:
        fd = rooted.open_in_root(self._root_fd, f"/{path}", os.O_RDONLY | os.O_DIRECTORY)
        try:
            return list_names(fd)
        finally:
            os.close(fd)

    def entry(self, path: str) -> Entry:
        if self._last >= 0:
            os.close(self._last)
        self._last = self._open(path)
        return Entry(path, self._last, os.fstat(self._last))

    def below(self, path: str) -> Iterator[tuple[str, Entry]]:
        for entry in Walk(self.entry(path).fd):
            yield entry.path, entry

    def _open(self, path: str) -> int:
        return rooted.open_in_root(self._root_fd, f"/{path}", os.O_PATH | os.O_NOFOLLOW)


def write_archive(chosen: Iterable[Chosen[Entry]], out_fd: int) -> None:
    archive = Archive(out_fd, keeps_holes=True)
    for one in chosen:
        archive.add(one.name, one.entry.fd, one.entry.status)
    archive.end()


def digest(chosen: Iterable[Chosen[Entry]]) -> str:
    """Return a digest of names, kinds, modes, owners and content; times do not count."""
    found = hashlib.sha256()
    for one in chosen:
        status = one.entry.status
        said = (one.name, status.st_mode, status.st_uid, status.st_gid, status.st_rdev)
        found.update(repr((*said, _content(one.entry))).encode())
    return found.hexdigest()


def _content(entry: Entry) -> str:
    if stat.S_ISLNK(entry.status.st_mode):
        return os.readlink("", dir_fd=entry.fd)
    if not stat.S_ISREG(entry.status.st_mode):
        return ""
    with open(f"/proc/self/fd/{entry.fd}", "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
