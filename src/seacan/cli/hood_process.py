"""Programs of `seacan.hood`, which look at this host: they need more than the command line has."""

from __future__ import annotations

import sys

from seacan.errors import Internal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn


def command_line(program: str, words: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", f"seacan.hood.{program}", *words]


def ask(program: str, words: Sequence[str]) -> Any:
    """Return the JSON that a program prints. Raises Internal with what it complains of."""
    import json
    import subprocess

    done = subprocess.run(
        command_line(program, words), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise Internal(lines[-1] if lines else f"seacan.hood.{program}: {done.returncode}")
    return json.loads(done.stdout)


def become(program: str, words: Sequence[str]) -> NoReturn:
    """Execute a program, whose output and exit code are then those of this process."""
    import os

    sys.stdout.flush()
    os.execv(sys.executable, command_line(program, words))
