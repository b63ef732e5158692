"""The id mappings of a user namespace, written once, from outside of it.

Source: user_namespaces(7), newuidmap(1).
"""

from __future__ import annotations

import errno
import os

from seacan.kernel import procfs, signals, syscalls, this_process
from seacan.kernel.namespaces import CLONE_NEWUSER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, Literal

    from seacan.spec.runtime import IDMapping

MAX_MAPPINGS: Final = 340  # UID_GID_MAP_MAX_EXTENTS, linux/user_namespace.h
MAX_TEXT_BYTES: Final = os.sysconf("SC_PAGE_SIZE") - 1  # of one write: kernel/user_namespace.c
_MADE: Final = b"made"


def text(mappings: Sequence[IDMapping]) -> str:
    """Return what uid_map and gid_map take: a line for each of `mappings`."""
    return "".join(f"{m['containerID']} {m['hostID']} {m['size']}\n" for m in mappings)


def outside(pid: int, kind: Literal["uid", "gid"], number: int) -> int | None:
    """Return what `number` of the user namespace of `pid` is in the caller's; None if unmapped."""
    for line in procfs.read(f"{pid}/{kind}_map").splitlines():
        first, mapped, size = map(int, line.split())
        if 0 <= number - first < size:
            return mapped + number - first
    return None


def user_namespace(uids: Sequence[IDMapping], gids: Sequence[IDMapping]) -> int:
    """Return a descriptor of a new user namespace with these mappings, in which nobody is.

    A child that lives no longer than this call makes it. Raises OSError, as `write`.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _wait_in_new_user_namespace(reader, writer)
    try:
        os.close(writer)
        answer = os.read(reader, 16)
        if answer != _MADE:
            number = int(answer or errno.ECHILD)
            raise OSError(number, f"make a user namespace: {os.strerror(number)}")
        write(pid, uids, gids)
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
    finally:
        os.close(reader)
        os.kill(pid, signals.SIGKILL)
        os.waitpid(pid, 0)


def _wait_in_new_user_namespace(reader: int, writer: int) -> None:
    """Be the child: make the namespace, say so, and wait to be killed. Does not return."""
    try:
        os.close(reader)
        this_process.set_pdeathsig(signals.SIGKILL)
        syscalls.unshare(CLONE_NEWUSER)
        this_process.set_dumpable(True)  # /proc/PID is its user's then, who may be the one to write
        os.write(writer, _MADE)  # fails if the parent went before it would have sent a signal
        while True:
            signals.pause()
    except OSError as err:
        os.write(writer, str(err.errno).encode())
    finally:
        os._exit(1)


def write(pid: int, uids: Sequence[IDMapping], gids: Sequence[IDMapping]) -> None:
    """Write the mappings of the user namespace that process `pid` has just made.

    Without privileges over the ids, the caller may map its own ones alone (a group at the price of
    setgroups(2)), and for others needs newuidmap and newgidmap. /proc/PID must be the caller's.
    Raises OSError naming the file, or the program and what it said.
    """
    _write_map(pid, "uid", uids)
    _write_map(pid, "gid", gids)


def _write_map(pid: int, kind: Literal["uid", "gid"], mappings: Sequence[IDMapping]) -> None:
    own = os.geteuid() if kind == "uid" else os.getegid()
    is_own_alone = [(m["hostID"], m["size"]) for m in mappings] == [(own, 1)]
    try:
        _write(f"/proc/{pid}/{kind}_map", text(mappings))
    except PermissionError:
        if not is_own_alone:
            _run_setuid_program(f"new{kind}map", pid, mappings)
        elif kind == "gid":
            _write(f"/proc/{pid}/setgroups", "deny")
            _write(f"/proc/{pid}/gid_map", text(mappings))
        else:
            raise


def _write(path: str, value: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, value.encode())
    except OSError as err:
        raise OSError(err.errno, f"write {value!r}: {os.strerror(err.errno or 0)}", path) from err
    finally:
        os.close(fd)


def _run_setuid_program(program: str, pid: int, mappings: Sequence[IDMapping]) -> None:
    import subprocess  # for a caller without privileges alone, and slow to import

    numbers = (str(number) for m in mappings for number in _numbers(m))
    try:
        done = subprocess.run(
            (program, str(pid), *numbers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except FileNotFoundError as err:
        raise OSError(errno.ENOENT, f"needs {program}, which is not installed (uidmap)") from err
    if done.returncode != 0:
        said = " ".join(done.stdout.decode(errors="replace").split())
        raise OSError(errno.EPERM, f"{program}: {said or f'exit status {done.returncode}'}")


def _numbers(mapping: IDMapping) -> tuple[int, int, int]:
    return mapping["containerID"], mapping["hostID"], mapping["size"]
