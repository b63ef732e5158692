"""User namespaces and callers without privileges, with cgroup v2."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.vm


@pytest.mark.parametrize("name", ["user_namespaces", "rootless", "time_namespaces"])
def test_as_on_this_host(name: str) -> None:
    """The same tests, where root of the container mounts the one hierarchy itself."""
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "root",
        f"tests/root/runtime/test_{name}.py",
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
