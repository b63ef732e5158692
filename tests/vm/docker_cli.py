"""The docker CLI, for which an emulated processor takes its time."""

import subprocess

from tests.daemon import Daemon


def docker(engine: Daemon, *words: str) -> subprocess.CompletedProcess[str]:
    """Run to the end, whatever its status."""
    return subprocess.run(
        ["docker", "-H", engine.host, *words],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
