"""The terminal of a process: made in the container's devpts, its master handed out.

Source: OCI runtime-spec, config.md#process (terminal); runc's --console-socket: one message whose
control data is the master.
"""

import os
import struct

from seacan.errors import InvalidArgument
from seacan.kernel import mounts, rooted, terminals
from seacan.runtime import mount_targets
from seacan.runtime.launch import Launch

_SOL_SOCKET, _SCM_RIGHTS = 1, 1  # asm-generic/socket.h, linux/socket.h


def open_terminal(launch: Launch) -> None:
    """Make the terminal that is wanted, if one is, be 0, 1, 2 and the controlling one."""
    slave = _open(launch)
    if slave is not None:
        _take(slave)


def open_console(launch: Launch) -> None:
    """Do as open_terminal, and bind the terminal over /dev/console as well."""
    slave = _open(launch)
    if slave is not None:
        target = rooted.open_file(launch.root_fd, "/dev/console", mode=0o620)
        bound = mounts.bind(slave)
        # The image may have a link there, to a file of /proc that has yet to be masked.
        mount_targets.check_bind("/dev/console", target, bound)
        mounts.attach(bound, target)
        os.close(bound)
        os.close(target)
        _take(slave)


def _open(launch: Launch) -> int | None:
    if not launch.process.get("terminal", False):
        return None
    if launch.console is None:
        raise InvalidArgument("process.terminal: a terminal needs a console socket")
    master, slave = terminals.open_pair(launch.root_fd)
    if size := launch.process.get("consoleSize"):
        terminals.set_size(slave, size["height"], size["width"])
    launch.console.sendmsg([b"/dev/ptmx"], [(_SOL_SOCKET, _SCM_RIGHTS, struct.pack("i", master))])
    os.close(master)
    return slave


def _take(slave: int) -> None:
    terminals.set_controlling(slave)
    for number in range(3):
        os.dup2(slave, number)
    os.close(slave)
