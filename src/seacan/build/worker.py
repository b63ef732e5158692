"""The process that works on the files of one step of a build: worker_words.py says what it is told.

It is a process of its own for what contents/worker.py is one: the root that it works in is mounted
where nobody else sees it, and its end takes that away. Nothing of the root is ever executed.
"""

import contextlib
import json
import os
import resource
import socket
from pathlib import Path
from typing import Final, cast

from seacan.build.copying import Copying, bring_up, find_place, is_empty
from seacan.build.fresh_copy import FreshCopy, is_simple
from seacan.build.layer_writer import write_layer
from seacan.build.listing import Listing
from seacan.build.root_tree import RootTree, digest, write_archive
from seacan.build.selection import Choice, excluded_by, resolve, select
from seacan.build.worker_words import Done, Found, Work
from seacan.images.tar import TarReader
from seacan.kernel import mounts, syscalls, this_process
from seacan.supervisor import protocol, rootfs
from seacan.supervisor.protocol import Message, RootfsRequest

_MNT_DETACH: Final = 2  # linux/fs.h


def run(channel: socket.socket) -> None:
    """Do one piece of work and end. What the launcher made ready is a single-threaded process."""
    this_process.set_name("seacan-build")
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
        reply = cast(Message, Done(done=True, size_bytes=_do(cast(Work, message), descriptors)))
    except BrokenPipeError:
        return  # who asked has gone
    except Exception as err:
        reply = protocol.error_reply(err)
    with contextlib.suppress(BrokenPipeError):
        protocol.send(channel, reply)


def _do(work: Work, descriptors: list[int]) -> int:
    """Return the size of the layer that was made, if one was."""
    match work["verb"]:
        case "copy":
            _copy(work, _mount(work), descriptors[0])
            return _write_layer(work, descriptors[1])
        case "copy-listed":
            return _copy_listed(work, *descriptors)
        case "layer":
            return _write_layer(work, descriptors[0])
        case "read" | "digest":
            _read(work, descriptors[0])
            return 0


def _mount(work: Work) -> int:
    """Return the root of a step, mounted in a mount namespace of this process's own."""
    rootfs.isolate()
    scratch = Path(work["scratch"])
    syscalls.mount("tmpfs", str(scratch), "tmpfs", 0, "mode=0700,size=1m")
    root = Path(_root(work))
    root.mkdir()
    (scratch / "nothing").mkdir()
    layers = work["layers"]
    place = work.get("place")
    if place is not None and place.get("is_linked"):
        # Not through overlayfs: that of Linux 5.10 has new directories hide what is below them.
        upper = os.path.join(layers["directory"], layers["upper"])
        syscalls.mount(upper, str(root), None, mounts.MS_BIND)
        return os.open(root, os.O_PATH | os.O_DIRECTORY)
    if not layers["upper"]:  # overlayfs wants two, where nothing can be written
        lower = [*layers["lower"], str(scratch / "nothing")]
        layers = RootfsRequest({**layers, "lower": lower})
    rootfs.mount_overlay(layers, root)
    return os.open(root, os.O_PATH | os.O_DIRECTORY)


def _copy(work: Work, root_fd: int, archive_fd: int) -> None:
    place = work["place"]
    assert place is not None
    directory, name = find_place(root_fd, place)
    with open(archive_fd, "rb", buffering=1 << 20) as stream:
        copying = Copying(root_fd, TarReader(stream), directory, name, place)
        try:
            copying.run()
        finally:
            copying.close()


def _copy_listed(work: Work, listing_fd: int, contents_fd: int, out_fd: int) -> int:
    with open(listing_fd, "rb") as stream:
        listing = Listing(stream.read(), contents_fd)
    place = work["place"]
    assert place is not None
    root_fd = _mount(work)
    directory, name = find_place(root_fd, place)
    if name or not (is_empty(root_fd, directory) and is_simple(listing.members)):
        copying = Copying(root_fd, listing, directory, name, place)
        with contextlib.closing(copying):
            copying.run()
        return _write_layer(work, out_fd)
    bring_up(root_fd, directory)
    os.close(root_fd)
    syscalls.umount2(_root(work), _MNT_DETACH)  # what is written now, overlayfs need not know
    donor = work.get("donor")
    fresh = FreshCopy(
        _open_below(work, work["layers"]["upper"]),
        listing,
        directory,
        place,
        donor_fd=_open_below(work, donor) if donor else None,
        out_fd=out_fd,
        latest_s=work.get("latest_s"),
    )
    with contextlib.closing(fresh):
        return fresh.run()


def _write_layer(work: Work, out_fd: int) -> int:
    upper_fd = _open_below(work, work["layers"]["upper"])
    return write_layer(upper_fd, out_fd, work.get("latest_s"))


def _open_below(work: Work, path: str) -> int:
    return os.open(os.path.join(work["layers"]["directory"], path), os.O_RDONLY | os.O_DIRECTORY)


def _root(work: Work) -> str:
    return f"{work['scratch']}/root"


def _read(work: Work, out_fd: int) -> None:
    chosen = work["chosen"]
    tree = RootTree(_mount(work))
    choice = Choice(chosen["paths"], chosen["excludes"], chosen["has_parents"])
    chosen_ = select(tree, choice, excluded_by(choice.excludes))
    if work["verb"] == "read":
        write_archive(chosen_, out_fd)
        return
    sources = resolve(tree, choice)
    found = Found(
        digest=digest(chosen_),
        count=len(sources),
        is_directory=any(tree.is_directory(path) for _, path in sources),
    )
    os.write(out_fd, json.dumps(found).encode())
