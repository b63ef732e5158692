"""Hand the descriptor of notifications of a filtered process to the agent that answers them.

    child                        parent                         agent at listenerPath
    loads its filter: 7
    "listener 7"  ────────────▸  pidfd_getfd of 7
    waits                        connect, sendmsg ───────────▸  ContainerProcessState with the
    goes on  ◂─────────────────  "go on"                        descriptor, SCM_RIGHTS

The parent speaks to the agent: it is not under the filter, and the path is the host's. The child
waits, since its own descriptor closes at execve, and the agent must be there for what it does next.
Source: OCI runtime-spec 1.2, config-linux.md#seccomp and #containerprocessstate.
"""

from __future__ import annotations

import json
import os
import socket

from seacan.errors import Internal, Unavailable
from seacan.kernel import syscalls
from seacan.runtime.failures import reason
from seacan.runtime.seccomp.load import Filter
from seacan.spec.oci_version import OCI_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from seacan.spec.runtime import ContainerProcessState, State

_SEND_TIMEOUT_S: Final = 10.0


def hand_over(pid: int, number: int, filter_: Filter, state: State) -> None:
    """Send the descriptor `number` of the process `pid` to the agent of its filter.

    `pid` is a child of the caller; `state` is its container's. Raises Unavailable if the agent
    cannot be reached, Internal if the descriptor cannot be taken.
    """
    message: ContainerProcessState = {
        "ociVersion": OCI_VERSION,
        "fds": ["seccompFd"],
        "pid": pid,
        "metadata": filter_.listener_metadata,
        "state": state,
    }
    fd = _take(pid, number)
    try:
        _send(filter_.listener_path, json.dumps(message).encode(), fd)
    except OSError as err:
        text = f"seccomp: send to the agent at {filter_.listener_path}: {reason(err)}"
        raise Unavailable(text) from err
    finally:
        os.close(fd)


def _take(pid: int, number: int) -> int:
    pidfd = os.pidfd_open(pid)
    try:
        return syscalls.pidfd_getfd(pidfd, number)
    except OSError as err:
        raise Internal(f"seccomp: take the descriptor of notifications: {reason(err)}") from err
    finally:
        os.close(pidfd)


def _send(path: str, data: bytes, fd: int) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
        agent.settimeout(_SEND_TIMEOUT_S)
        agent.connect(path)
        sent = socket.send_fds(agent, [data], [fd])
        agent.sendall(data[sent:])  # of a state too long for one message
