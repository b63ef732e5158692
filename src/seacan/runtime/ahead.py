"""The first process of a container, forked before it is known of which.

    prepare()        child: a pid namespace, and the other namespaces that nearly all containers
       │                    want, but for the network's, which the shim makes; then it waits
    become(launch) ──what it is to become, with descriptors──▸ child: takes the steps of init.py

What forking and these namespaces cost is paid while nobody waits for it. The child is in the state
that fork.py would have made it in, and ends with its parent as one of that does.
"""

import os
import pickle
import socket
from collections.abc import Sequence
from typing import Final, NoReturn, cast

from seacan import log
from seacan.kernel import namespaces, syscalls, this_process
from seacan.kernel.namespaces import (
    CLONE_NEWIPC,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    CLONE_PARENT,
)
from seacan.kernel.written_pages import WrittenPages
from seacan.records import replace
from seacan.runtime import fork, init
from seacan.runtime.init import Init
from seacan.spec.runtime import Linux
from seacan.trace import mark

MADE: Final = CLONE_NEWUTS | CLONE_NEWIPC
_MAX_MESSAGE: Final = 64 << 10  # what is longer, hence seldom, is quicker forked than sent
_OPTIONAL: Final = 4  # descriptors that there may be or not
_MAX_DESCRIPTORS: Final = 9


class Ahead:
    """A child that waits. It can become one container's first process, or be closed."""

    def __init__(self, written: WrittenPages, *, for_parent: bool = False) -> None:
        """Fork it. The caller has one thread, and becomes non-dumpable: see fork.py.

        It takes copies of the pages that such a child has `written` to. With `for_parent` it is a
        child of the caller's parent, and ends with that.
        """
        self._written = written
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            this_process.set_dumpable(False)
            self.pid = syscalls.clone(CLONE_NEWPID | (CLONE_PARENT if for_parent else 0))
            if self.pid == 0:
                self._channel.close()
                _wait(theirs, written)
        self._channel.recv(1)  # its word that it is ready, or the end

    def become(self, launch: Init) -> int:
        """Have the child take the steps for `launch`; return its pid, 0 if it cannot.

        `launch` has no user namespace, and no sources that were opened for it. A child that does
        not mount its layers itself enters the caller's mount namespace, which may be another than
        when it was forked.
        """
        if launch.preserve_fds or not _wants_what_is_made(launch):
            return 0
        mounts = -1 if launch.mount_layers else os.open("/proc/self/ns/mnt", os.O_RDONLY)
        try:
            data, descriptors = _pack(launch, mounts)
            if len(data) > _MAX_MESSAGE:
                return 0
            socket.send_fds(self._channel, [data], descriptors)
        except OSError as err:  # it could not make the namespaces: a fork will say why
            log.debug("the process forked ahead is gone", error=err)
            return 0
        finally:
            if mounts >= 0:
                os.close(mounts)
        return self.pid

    def note_written(self) -> None:
        """Note what it has written to by now, for those that are forked after it."""
        self._written.note(self.pid)

    def close(self) -> None:
        """Let it end, unless it has become something. It is a child of the caller, to be reaped."""
        self._channel.close()


def _wants_what_is_made(launch: Init) -> bool:
    """Tell whether the container has namespaces of its own, or others' to join, of all kinds."""
    wanted = launch.bundle.linux.get("namespaces", [])
    kinds = {namespaces.FLAGS[namespace["type"]] for namespace in wanted}
    pid = launch.bundle.namespace("pid")
    return pid is not None and not pid.get("path") and not MADE & ~sum(kinds)


def _pack(launch: Init, mounts: int) -> tuple[bytes, list[int]]:
    """Return `launch` as bytes, and its descriptors; `mounts` is a namespace to enter, or -1."""
    console = -1 if launch.console is None else launch.console.fileno()
    optional = [launch.failure, console, mounts, launch.trace]
    given = [fd for fd in optional if fd >= 0]
    has = bytes(fd >= 0 for fd in optional)
    data = pickle.dumps(_without_profile(launch), pickle.HIGHEST_PROTOCOL)
    return has + data, [*launch.stdio, launch.pipe, launch.fifo, *given]


def _without_profile(launch: Init) -> Init:
    """Return `launch` without what is the most of it, and there as `filter` already."""
    linux = cast(Linux, {k: v for k, v in launch.bundle.linux.items() if k != "seccomp"})
    bundle = replace(launch.bundle, config={**launch.bundle.config, "linux": linux})
    return replace(launch, bundle=bundle, linux=linux, console=None)


def _unpack(data: bytes, descriptors: Sequence[int]) -> tuple[Init, int]:
    """Return what the process is to become, and the mount namespace that it is to enter, or -1."""
    launch: Init = pickle.loads(data[_OPTIONAL:])
    launch.made = MADE
    stdin, stdout, stderr, launch.pipe, launch.fifo, *given = descriptors
    launch.stdio = (stdin, stdout, stderr)
    launch.failure, console, mounts, launch.trace = (
        given.pop(0) if has else -1 for has in data[:_OPTIONAL]
    )
    launch.console = None if console < 0 else socket.socket(fileno=console)
    return launch, mounts


def _wait(channel: socket.socket, written: WrittenPages) -> NoReturn:
    """Be the child."""
    try:
        fork.begin()
        syscalls.unshare(MADE)
        written.copy()
        channel.send(b".")
        data, descriptors, _, _ = socket.recv_fds(
            channel, _MAX_MESSAGE, _MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
        if data:
            launch, mounts = _unpack(data, descriptors)
            mark(launch.trace, "init", "told what to become")

            def enter_mounts(_: Init) -> None:
                if mounts >= 0:
                    syscalls.setns(mounts, CLONE_NEWNS)

            fork.take(launch, (enter_mounts, *init.STEPS))
    except BaseException as err:
        log.error("process forked ahead died", error=f"{type(err).__name__}: {err}")
    finally:
        os._exit(1)
