"""A tar archive of a container becomes files of this machine.

What is in it was chosen by the container: no name leads out of the directory, and no link in there
is followed. Every directory is opened by its descriptor, part by part.
"""

from __future__ import annotations

import os
import tarfile
from typing import cast

from seacan.cli.input import PIECE_BYTES, open_error
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

_XATTR = "SCHILY.xattr."
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(
    pieces: Iterable[bytes],
    directory: str,
    rename: Callable[[str], str | None],
    *,
    keeps_owners: bool,
) -> int:
    """Make the files of an archive in `directory`; return how many entries there were.

    `rename` says under which name an entry comes, or None for one that does not. Raises
    InvalidArgument.
    """
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _Unpacking(root, rename, keeps_owners).run(pieces)
    except tarfile.TarError as err:
        raise InvalidArgument(f"the archive cannot be read: {err}") from err
    except OSError as err:
        raise open_error(str(err.filename or directory), err) from err
    finally:
        os.close(root)


class _Unpacking:
    def __init__(self, root: int, rename: Callable[[str], str | None], keeps_owners: bool) -> None:
        self._root = root
        self._rename = rename
        self._keeps_owners = keeps_owners
        # Their times are set when nothing more comes into them.
        self._directories: list[tuple[list[str], tarfile.TarInfo]] = []

    def run(self, pieces: Iterable[bytes]) -> int:
        count = 0
        reader = cast("BinaryIO", _Reader(pieces))
        with tarfile.open(fileobj=reader, mode="r|") as archive:
            for entry in archive:
                name = self._rename(entry.name)
                if name is None:
                    continue
                count += 1
                self._make(archive, entry, _parts(name))
        for parts, entry in reversed(self._directories):
            fd = self._open(parts)
            try:
                os.fchmod(fd, entry.mode)
                os.utime(fd, (entry.mtime, entry.mtime))
            finally:
                os.close(fd)
        return count

    def _open(self, parts: list[str]) -> int:
        """Return a descriptor of a directory below the root, made if it is missing."""
        fd = os.dup(self._root)
        for part in parts:
            try:
                try:
                    inner = os.open(part, _DIRECTORY, dir_fd=fd)
                except FileNotFoundError:
                    os.mkdir(part, 0o755, dir_fd=fd)
                    inner = os.open(part, _DIRECTORY, dir_fd=fd)
            except NotADirectoryError:
                raise InvalidArgument(f"{'/'.join(parts)} is not in a directory") from None
            finally:
                os.close(fd)
            fd = inner
        return fd

    def _make(self, archive: tarfile.TarFile, entry: tarfile.TarInfo, parts: list[str]) -> None:
        if not parts:
            return
        parent = self._open(parts[:-1])
        try:
            self._make_room(parent, entry, parts)
            if entry.isdir():
                self._directories.append((parts, entry))
            elif entry.issym():
                os.symlink(entry.linkname, parts[-1], dir_fd=parent)
            elif entry.islnk():
                self._link(parent, entry, parts[-1])
            elif entry.isfifo():
                os.mkfifo(parts[-1], 0o600, dir_fd=parent)
            elif entry.isdev():
                kind = 0o020000 if entry.ischr() else 0o060000
                device = os.makedev(entry.devmajor, entry.devminor)
                os.mknod(parts[-1], kind | 0o600, device, dir_fd=parent)
            else:
                self._write(archive, parent, entry, parts[-1])
            self._set_owner_and_mode(parent, entry, parts[-1])
        finally:
            os.close(parent)

    def _make_room(self, parent: int, entry: tarfile.TarInfo, parts: list[str]) -> None:
        """Remove what is in the way, but no directory; make the directory that is wanted."""
        name, shown = parts[-1], "/".join(parts)
        try:
            is_directory = (os.lstat(name, dir_fd=parent).st_mode & 0o170000) == 0o040000
        except FileNotFoundError:
            if entry.isdir():
                os.mkdir(name, 0o700, dir_fd=parent)
            return
        if is_directory and not entry.isdir():
            raise InvalidArgument(f'cannot overwrite directory "{shown}" with non-directory')
        if not is_directory and entry.isdir():
            raise InvalidArgument(f'cannot overwrite non-directory "{shown}" with directory')
        if not is_directory:
            os.unlink(name, dir_fd=parent)

    def _write(
        self, archive: tarfile.TarFile, parent: int, entry: tarfile.TarInfo, name: str
    ) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        source = archive.extractfile(entry)
        if source is None:
            raise InvalidArgument(f"{entry.name} is of a kind that is not known")
        with open(os.open(name, flags, 0o600, dir_fd=parent), "wb") as file:
            while piece := source.read(PIECE_BYTES):
                file.write(piece)
            file.flush()
            for key, value in entry.pax_headers.items():
                if key.startswith(_XATTR):
                    _set_attribute(file, key.removeprefix(_XATTR), value)

    def _link(self, parent: int, entry: tarfile.TarInfo, name: str) -> None:
        target = self._rename(entry.linkname)
        if target is None or not (parts := _parts(target)):
            raise InvalidArgument(f"{entry.name} is a link to what is not copied")
        source = self._open(parts[:-1])
        try:
            os.link(parts[-1], name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(source)

    def _set_owner_and_mode(self, parent: int, entry: tarfile.TarInfo, name: str) -> None:
        if entry.islnk():
            return
        if self._keeps_owners:
            os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
        if entry.isdir():
            return
        if not entry.issym():
            os.chmod(name, entry.mode, dir_fd=parent)
        times = (entry.mtime, entry.mtime)
        os.utime(name, times, dir_fd=parent, follow_symlinks=False)


def _set_attribute(file: BinaryIO, name: str, value: str) -> None:
    try:
        os.setxattr(file.fileno(), name, value.encode("utf-8", "surrogateescape"))
    except OSError as err:
        # The file system, or who copies, need not be able to keep it.
        if err.errno not in (1, 95):
            raise


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InvalidArgument(f"the archive has a name that leads out of it: {name}")
    return parts


class _Reader:
    """Pieces as they come, read like a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = b""

    def read(self, size: int) -> bytes:
        gathered = [self._rest]
        length = len(self._rest)
        while length < size and (piece := next(self._pieces, b"")):
            gathered.append(piece)
            length += len(piece)
        data = b"".join(gathered)
        self._rest = data[size:]
        return data[:size]
