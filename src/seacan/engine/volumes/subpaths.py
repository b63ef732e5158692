"""Parts of volumes, mounted on the host until the container that wants them has its own copy.

A runtime is told of a source by its path, on which a container that shares the volume could put a
link between our look and its own. So the part is resolved by descriptor, never out of the volume,
and mounted at EXEC_ROOT/subpaths/ID/N, which no container can change. Blocks.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from seacan.engine.creation.mount_points import MountPoint
from seacan.errors import Internal, InvalidArgument, NotFound
from seacan.kernel import mounts, rooted, syscalls

_LEADS_OUT: Final = (errno.EXDEV, errno.ELOOP)


def with_places(points: Sequence[MountPoint], directory: Path) -> list[MountPoint]:
    """Return `points`; of parts of volumes the source is where `mount` will have them."""
    found = list(points)
    for number, point in _parts(points):
        found[number] = replace(point, source=str(directory / str(number)))
    return found


def mount(points: Sequence[MountPoint], directory: Path) -> None:
    """Mount what `with_places` names in `directory`; all or nothing.

    Raises NotFound and InvalidArgument in Docker's words, Internal.
    """
    unmount(directory)
    with contextlib.ExitStack() as undo:
        for number, point in _parts(points):
            directory.mkdir(mode=0o700, exist_ok=True)
            undo.callback(unmount, directory)
            _mount(point, directory / str(number))
        undo.pop_all()


def unmount(directory: Path) -> None:
    """Unmount all that is mounted in `directory`, and remove that; it may be gone already.

    Only what is empty is removed, so nothing of a volume ever is.
    """
    try:
        places = list(directory.iterdir())
    except FileNotFoundError:
        return
    for place in places:
        with contextlib.suppress(OSError):  # EINVAL: nothing is mounted there any more
            while True:
                syscalls.umount2(str(place), mounts.MNT_DETACH)
        place.rmdir() if place.is_dir() else place.unlink()
    directory.rmdir()


def open_below(volume: str, subpath: str) -> int:
    """Open (O_PATH) what is at `subpath` in the directory `volume`, never out of it.

    Raises NotFound and InvalidArgument in Docker's words.
    """
    root_fd = os.open(volume, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        return rooted.open_beneath(root_fd, subpath)
    except OSError as err:
        if err.errno in _LEADS_OUT:
            raise InvalidArgument(
                f"path concatenation escapes the base directory, base: {volume}, subpath: {subpath}"
            ) from None
        why = os.strerror(err.errno or 0).lower()
        raise NotFound(f"cannot access path {volume}/{subpath}: {why}") from None
    finally:
        os.close(root_fd)


def _parts(points: Sequence[MountPoint]) -> Iterator[tuple[int, MountPoint]]:
    for number, point in enumerate(points):
        if point.type == "volume" and point.subpath:
            yield number, point


def _mount(point: MountPoint, place: Path) -> None:
    fd = open_below(point.source, point.subpath)
    try:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            place.mkdir()
        else:
            place.touch()
        mount_fd = mounts.bind(fd, recursive=True)
        try:
            mounts.set_propagation(mount_fd, mounts.MS_PRIVATE, recursive=True)
            mounts.attach_at(mount_fd, syscalls.AT_FDCWD, str(place))
        finally:
            os.close(mount_fd)
    except OSError as err:
        raise Internal(f"mount {point.subpath} of volume {point.name}: {err.strerror}") from err
    finally:
        os.close(fd)
