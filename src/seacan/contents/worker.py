"""The process that works on the files of one container, for one request of the daemon: words.py.

A process of its own, forked by the launcher: the daemon has threads, so it can neither enter a
mount namespace nor make one. As the launcher it runs from a sealed copy of the interpreter
(CVE-2019-5736), and whatever it works on it reaches by descriptor. Its end undoes all of it, and
the daemon kills it when the client goes away.
"""

import contextlib
import os
import posixpath
import resource
import socket
import stat
from typing import cast

from seacan import errors
from seacan.contents import differences, paths, roots
from seacan.contents.extraction import extract
from seacan.contents.sending import Archive
from seacan.contents.walk import Walk
from seacan.contents.words import PathStat, Root, Work
from seacan.kernel import rooted, this_process
from seacan.supervisor import protocol
from seacan.supervisor.protocol import Message

_LIST_BUFFER_BYTES = 1 << 16


def run(channel: socket.socket) -> None:
    """Do one piece of work and end. What the launcher made ready is a single-threaded process."""
    this_process.set_name("seacan-files")
    this_process.set_dumpable(False)  # nobody in the container looks into it while it enters there
    os.umask(0)
    own = os.pidfd_open(os.getpid())
    protocol.send(channel, {"started": True}, [own])
    os.close(own)
    # A tree is walked with a descriptor open for each level of it.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    received = protocol.receive(channel)
    if received is None:
        return
    message, descriptors = received
    try:
        _Worker(cast(Work, message), descriptors, channel).run()
        reply: Message = {"done": True}
    except BrokenPipeError:
        return  # who asked has gone
    except Exception as err:
        reply = protocol.error_reply(err)
    with contextlib.suppress(BrokenPipeError):
        protocol.send(channel, reply)


class _Worker:
    def __init__(self, work: Work, descriptors: list[int], channel: socket.socket) -> None:
        self._work = work
        self._channel = channel
        is_running = "root" in work and work["root"]["is_running"]
        self._entered = (
            roots.Entered(descriptors.pop(0), descriptors.pop(0)) if is_running else None
        )
        self._stream = descriptors.pop(0) if descriptors else -1

    def run(self) -> None:
        match self._work["verb"]:
            case "stat":
                self._tell_stat(self._root_to_read(with_mounts=True))
            case "read":
                self._read()
            case "write":
                self._write()
            case "export":
                self._export()
            case "changes":
                self._list_changes()
            case "layer":
                self._write_layer()
            case "tree":
                self._write_tree()

    # -- reading ----------------------------------------------------------------------------------

    def _root_to_read(self, *, with_mounts: bool) -> int:
        if self._entered:
            return roots.of_running(self._entered, with_mounts=with_mounts)
        return roots.to_read(self._root, with_mounts=with_mounts)

    @property
    def _root(self) -> Root:
        return self._work["root"]

    def _tell_stat(self, root_fd: int) -> tuple[int, str]:
        """Send what the path is; return a descriptor (O_PATH) of it, and its absolute name."""
        path = paths.absolute(self._work["path"])
        try:
            fd = paths.open_place(root_fd, path)
        except OSError as err:
            raise self._path_error(path, err) from err
        status = os.fstat(fd)
        is_link = stat.S_ISLNK(status.st_mode)
        found = PathStat(
            name=paths.base(path),
            size=status.st_size,
            mode=status.st_mode,
            mtime_ns=status.st_mtime_ns,
            link_target=paths.link_target(root_fd, path) if is_link else "",
        )
        protocol.send(self._channel, {"stat": found})
        return fd, path

    def _path_error(self, path: str, err: OSError) -> errors.SeacanError:
        if isinstance(err, FileNotFoundError):
            return errors.NotFound(
                f"Could not find the file {self._work['path']} "
                f"in container {self._work['container']}"
            )
        return errors.Internal(f"lstat {path}: {os.strerror(err.errno or 0).lower()}")

    def _read(self) -> None:
        fd, path = self._tell_stat(self._root_to_read(with_mounts=True))
        name, status = paths.base(path), os.fstat(fd)
        archive = Archive(self._stream, keeps_holes=False)
        archive.add(name, fd, status)
        if stat.S_ISDIR(status.st_mode):
            for entry in Walk(fd):
                archive.add(f"{name.rstrip('/')}/{entry.path}", entry.fd, entry.status)
        archive.end()

    def _export(self) -> None:
        archive = Archive(self._stream, keeps_holes=False)
        for entry in Walk(self._root_to_read(with_mounts=False)):
            archive.add(entry.path, entry.fd, entry.status)
        archive.end()

    def _write_tree(self) -> None:
        """Write a directory of the host, a volume, with all that is in it."""
        fd = os.open(self._work["path"], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        archive = Archive(self._stream, keeps_holes=True)
        archive.add(".", fd, os.fstat(fd))
        for entry in Walk(fd):
            archive.add(entry.path, entry.fd, entry.status)
        archive.end()

    # -- the writable layer -----------------------------------------------------------------------

    def _list_changes(self) -> None:
        image_fd, upper_fd = roots.of_image(self._root), roots.open_upper(self._root)
        with open(self._stream, "wb", buffering=_LIST_BUFFER_BYTES) as out:
            for change in differences.changes(upper_fd, image_fd):
                out.write(b"%d%s\0" % (change.kind, os.fsencode(change.path)))

    def _write_layer(self) -> None:
        image_fd, upper_fd = roots.of_image(self._root), roots.open_upper(self._root)
        archive = Archive(self._stream, keeps_holes=True)
        differences.write_layer(upper_fd, image_fd, archive)
        archive.end()

    # -- writing ----------------------------------------------------------------------------------

    def _write(self) -> None:
        root_fd = self._root_to_write()
        place = self._find_place(root_fd)
        protocol.send(self._channel, {"ready": True})
        with open(self._stream, "rb", buffering=1 << 20) as stream:
            try:
                extract(
                    stream,
                    root_fd,
                    place,
                    owner=self._owner(),
                    keeps_kinds=bool(self._work.get("keeps_kinds")),
                )
            except errors.InvalidArgument as err:
                # Of an archive that cannot be extracted dockerd says the same.
                raise errors.Internal(str(err)) from err
            while stream.read(1 << 20):
                pass  # whoever sends the rest is not to be told that nobody listens

    def _root_to_write(self) -> int:
        if self._entered:
            return roots.of_running_to_write(self._entered, self._root)
        return roots.to_write(self._root)

    def _owner(self) -> tuple[int, int] | None:
        owner = self._work.get("owner")
        return None if owner is None else (owner[0], owner[1])

    def _find_place(self, root_fd: int) -> str:
        """Return the path, without links, of the directory to extract to."""
        path = posixpath.normpath(paths.absolute(self._work["path"]))
        try:
            fd = rooted.open_in_root(root_fd, path)
        except OSError as err:
            raise self._path_error(path, err) from err
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise errors.InvalidArgument("extraction point is not a directory")
        if os.fstatvfs(fd).f_flag & os.ST_RDONLY:
            is_root = _mount_id(fd) == _mount_id(root_fd)
            what = "container rootfs" if is_root else "mounted volume"
            raise errors.InvalidArgument(f"{what} is marked read-only")
        os.close(fd)
        return paths.link_target(root_fd, path)


def _mount_id(fd: int) -> str:
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        return next(line for line in file if line.startswith("mnt_id:"))
