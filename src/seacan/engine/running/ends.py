"""How a container ended, as its shim or its start has it, and what is given back after it."""

import json
from pathlib import Path
from typing import Final, cast

from seacan.engine.bundle import shared_memory
from seacan.engine.trash import Trash
from seacan.kernel.cgroups import hierarchy
from seacan.paths import BundleDirectory
from seacan.supervisor import protocol
from seacan.supervisor.protocol import Message

# Scripts look for these.
_NO_TASK: Final = "failed to create task for container: "
_NO_SHIM: Final = "failed to create shim task: OCI runtime create failed: "
_NO_PROCESS: Final = "unable to start container process: "

_NOT_FOUND: Final = ("executable file not found", "no such file or directory", "not a directory")


def start_error(error: str, *, is_own: bool) -> str:
    """Return what a shim says of a start that failed, in the words of dockerd.

    `is_own`: it was seacan's own runtime that failed, another one says itself at what.
    """
    if error.startswith(_NO_TASK):
        return error
    return f"{_NO_TASK}{_NO_SHIM}{_NO_PROCESS if is_own else ''}{error}"


def start_exit_code(error: str) -> int:
    """Return the code that a shell has for a command that did not start: 127, 126 or 128."""
    if any(cause in error for cause in _NOT_FOUND):
        return 127
    if "permission denied" in error or "is a directory" in error:
        return 126
    return 128


def read_exit(bundle: BundleDirectory) -> protocol.Exit | None:
    """Return what a shim wrote down of its container's end; None if it did not come to that."""
    try:
        return exit_of(json.loads(bundle.exit.read_bytes()))
    except FileNotFoundError:
        return None


def exit_of(message: Message) -> protocol.Exit:
    """Return what a shim's message says of the end."""
    return cast(protocol.Exit, {key: message[key] for key in protocol.Exit.__annotations__})


def discard(bundle: BundleDirectory, runtime_state: Path, cgroup_path: str, trash: Trash) -> None:
    """Give back what may be left of a started container. What is not there is fine."""
    end_processes(cgroup_path)
    put_away(bundle, runtime_state, trash)


def end_processes(cgroup_path: str) -> None:
    """End what may be left of its processes, and remove its cgroup."""
    cgroup = hierarchy.open_cgroup(cgroup_path)
    cgroup.kill()
    cgroup.remove()


def put_away(bundle: BundleDirectory, runtime_state: Path, trash: Trash) -> None:
    """Take its files from their places; from now on, nothing tells of that start."""
    shared_memory.unmount(bundle.shm)
    for directory in (runtime_state, bundle.path):
        trash.put(directory)
