"""Registries of the benchmark: a new one, on the loopback, for each push and the pull after it.

An engine remembers what it pushed to a registry, and a registry what was pushed to it.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from tests.images.docker_registry import docker_registry
from tests.registry.process import running_process


@contextlib.contextmanager
def registry(kind: str) -> Iterator[str]:
    """Run an empty registry, one of KINDS; give its HOST:PORT."""
    with (
        tempfile.TemporaryDirectory(prefix="seacan-bench-") as directory,
        KINDS[kind](Path(directory)) as host,
    ):
        yield host


@contextlib.contextmanager
def _own(directory: Path) -> Iterator[str]:
    with running_process(directory) as process:
        yield f"127.0.0.1:{process.port}"


@contextlib.contextmanager
def _debian(directory: Path) -> Iterator[str]:
    with docker_registry(directory) as process:
        yield process.host


KINDS: Final[dict[str, Callable[[Path], AbstractContextManager[str]]]] = {
    "seacan": _own,
    "docker-registry": _debian,
}
