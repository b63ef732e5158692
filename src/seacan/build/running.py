"""What a build needs of whoever runs commands: a step to run, and what became of it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from seacan.spec.engine_api import HostConfig

# Called with what was printed, and whether that was on standard error.
Output = Callable[[bytes, bool], Awaitable[None]]


class StepMount(msgspec.Struct, frozen=True):
    """Something mounted while a command runs; no trace of it stays in the layer."""

    type: Literal["bind", "tmpfs", "layers"]
    target: str  # absolute
    source: str = ""  # of a bind: a file or directory of the host
    layers: tuple[Path, ...] = ()  # of `layers`: directories of overlayfs, the topmost first
    subpath: str = ""  # what of the layers is meant
    is_read_only: bool = True
    size_bytes: int = 0  # of a tmpfs; 0: no limit


class RunStep(msgspec.Struct, frozen=True):
    """A command in the root that `layers` make, the topmost first."""

    argv: Sequence[str]
    environment: Sequence[str]  # NAME=value
    user: str
    working_dir: str
    layers: Sequence[Path]
    host_config: HostConfig  # limits, network, hosts
    mounts: Sequence[StepMount] = ()
    hostname: str = ""  # empty: as a container's


class Ran(msgspec.Struct, frozen=True):
    status: int  # exit status; 128+n for signal n
    upper: Path  # what it changed, as overlayfs has it; may be moved away


class StepRunner(Protocol):
    def run(
        self, step: RunStep, started: Callable[[str], Awaitable[None]], output: Output
    ) -> AbstractAsyncContextManager[Ran]:
        """Run a command to its end, and keep what it changed until the end of the block.

        `started` is told its id, `output` what it prints. Cancelled, it is killed. Raises what
        keeps it from being started: errors of errors.py.
        """

    def find_owner(self, layers: Sequence[Path], spec: str) -> tuple[int, int]:
        """Return uid and gid of `user[:group]` as the root has them; blocks.

        Raises InvalidArgument in Docker's words.
        """

    def copy_up(self, layers: Sequence[Path], path: str, directory: Path) -> None:
        """Copy what the root has in the directory `path` to another of the host; blocks."""

    def has_directory(self, layers: Sequence[Path], path: str) -> bool:
        """Tell whether the root has a directory at `path`; blocks."""
