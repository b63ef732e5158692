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
from typing import Final, NoReturn

from seacan import log
from seacan.kernel import namespaces, syscalls
from seacan.kernel.namespaces import CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWUTS
from seacan.runtime import fork, init
from seacan.runtime.init import Init

MADE: Final = CLONE_NEWUTS | CLONE_NEWIPC
_MAX_MESSAGE: Final = 64 << 10  # what is longer, hence seldom, is quicker forked than sent
_MAX_DESCRIPTORS: Final = 8


class Ahead:
    """A child that waits. It can become one container's first process, or be closed."""

    def __init__(self) -> None:
        """Fork it. The caller has one thread, and becomes non-dumpable: see fork.py."""
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            syscalls.set_dumpable(False)
            self.pid = syscalls.clone(namespaces.CLONE_NEWPID)
            if self.pid == 0:
                self._channel.close()
                _wait(theirs)
        self._channel.recv(1)  # its word that it is ready, or the end

    def become(self, launch: Init) -> int:
        """Have the child take the steps for `launch`; return its pid, 0 if it cannot.

        `launch` has no user namespace, and no sources that were opened for it. The child enters the
        caller's mount namespace, which may be another than when it was forked.
        """
        if launch.preserve_fds or not _wants_what_is_made(launch):
            return 0
        data, descriptors = _pack(launch)
        mounts = os.open("/proc/self/ns/mnt", os.O_RDONLY)
        try:
            if len(data) > _MAX_MESSAGE:
                return 0
            socket.send_fds(self._channel, [data], [mounts, *descriptors])
        except OSError as err:  # it could not make the namespaces: a fork will say why
            log.debug("the process forked ahead is gone", error=err)
            return 0
        finally:
            os.close(mounts)
        return self.pid

    def close(self) -> None:
        """Let it end, unless it has become something. It is a child of the caller, to be reaped."""
        self._channel.close()


def _wants_what_is_made(launch: Init) -> bool:
    """Tell whether the container has namespaces of its own, or others' to join, of all kinds."""
    wanted = launch.bundle.linux.get("namespaces", [])
    kinds = {namespaces.FLAGS[namespace["type"]] for namespace in wanted}
    pid = launch.bundle.namespace("pid")
    return pid is not None and not pid.get("path") and not MADE & ~sum(kinds)


def _pack(launch: Init) -> tuple[bytes, list[int]]:
    """Return `launch` as bytes, and the descriptors that it names."""
    console, launch.console = launch.console, None
    data = pickle.dumps(launch, pickle.HIGHEST_PROTOCOL)
    launch.console = console
    optional = [launch.failure, -1 if console is None else console.fileno()]
    given = [fd for fd in optional if fd >= 0]
    has = bytes(fd >= 0 for fd in optional)
    return has + data, [*launch.stdio, launch.pipe, launch.fifo, *given]


def _unpack(data: bytes, descriptors: Sequence[int]) -> Init:
    launch: Init = pickle.loads(data[2:])
    launch.made = MADE
    stdin, stdout, stderr, launch.pipe, launch.fifo, *given = descriptors
    launch.stdio = (stdin, stdout, stderr)
    launch.failure = given.pop(0) if data[0] else -1
    launch.console = socket.socket(fileno=given.pop(0)) if data[1] else None
    return launch


def _wait(channel: socket.socket) -> NoReturn:
    """Be the child."""
    try:
        fork.begin()
        syscalls.unshare(MADE)
        channel.send(b".")
        data, descriptors, _, _ = socket.recv_fds(
            channel, _MAX_MESSAGE, _MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
        if data:
            mounts, *others = descriptors

            def enter_mounts(launch: Init) -> None:
                syscalls.setns(mounts, CLONE_NEWNS)

            fork.take(_unpack(data, others), (enter_mounts, *init.STEPS))
    except BaseException as err:
        log.error("process forked ahead died", error=f"{type(err).__name__}: {err}")
    finally:
        os._exit(1)
