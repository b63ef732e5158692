"""`seacan-runtime`, called as others call it."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.root.runtime.boxes import DEADLINE_S, Box

Runtime = Callable[..., subprocess.CompletedProcess[str]]

EXECUTABLE: Final = str(Path(sys.executable).with_name("seacan-runtime"))
# The executable, and what it falls back to.
WAYS: Final = [[EXECUTABLE], [f"{EXECUTABLE}.py"], [sys.executable, "-m", "seacan.runtime"]]


def command(box: Box, *args: str, way: Sequence[str] = (EXECUTABLE,)) -> list[str]:
    return [*way, "--root", str(box.root), *args]


def call(
    box: Box,
    *args: str,
    stdin: str = "",
    timeout_s: float = DEADLINE_S,
    way: Sequence[str] = (EXECUTABLE,),
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(box, *args, way=way),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        cwd=box.path,
    )


def detached(
    box: Box, *args: str, timeout_s: float = DEADLINE_S
) -> subprocess.CompletedProcess[str]:
    """Call it for what outlives it: into files, since the other end of a pipe would be held."""
    with (box.path / "out").open("w+") as out:
        done = subprocess.run(
            command(box, *args),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=timeout_s,
            check=False,
            cwd=box.path,
        )
        out.seek(0)
        said = out.read()
    return subprocess.CompletedProcess(done.args, done.returncode, said, said)
